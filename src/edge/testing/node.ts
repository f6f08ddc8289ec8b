/** A media node as the edge sees one: its link, played by the test. @module */
import { SignJWT } from "jose";
import type { LinkCommand, NodeCommand, NodeFrame } from "../../protocol/link.ts";
import { NODE_SECRET } from "./bindings.ts";
import { ask, type Frame } from "./client.ts";

/** A node token; `kid` and `sub` may be wrong on purpose. */
export const nodeToken = (sub: string, kid = "node", secret = NODE_SECRET): Promise<string> =>
  new SignJWT({})
    .setProtectedHeader({ alg: "HS256", kid })
    .setAudience("node")
    .setSubject(sub)
    .setIssuedAt()
    .setExpirationTime("1m")
    .sign(new TextEncoder().encode(secret));

/** Commands whose answer is a description. */
const ANSWERED: ReadonlySet<string> = new Set(["session.open", "session.restart", "rtp.open"]);

export interface TestNode {
  readonly id: string;
  readonly frames: Frame[];
  /** Commands so far, oldest first. */
  readonly commands: (LinkCommand | NodeCommand)[];
  readonly closed: Promise<number>;
  send(frame: NodeFrame): void;
  /** What it was welcomed with. */
  readonly welcome: Frame;
  /** The next frame of that type that was not taken yet. */
  next(type: string): Promise<Frame>;
  /** What it does with commands: `answer` at once (default), `ignore` them, or refuse them. */
  manner: "answer" | "ignore" | "refuse";
  /** Whether it decodes what encoders let hear. */
  sound: boolean;
  /** Writes the answer to {@link ANSWERED} commands. */
  answerOf: (command: Frame) => string;
  close(): void;
}

const load = { load: 0.1, rooms: 0, sessions: 0, draining: false };

/** Open the link as a node with that token. */
export async function openLink(token: string): Promise<WebSocket> {
  const response = await ask("/v1/nodes/connect", {
    headers: { upgrade: "websocket", "sec-websocket-protocol": `tandem-link.v1, bearer.${token}` },
  });
  if (!response.webSocket) throw new Error(`no upgrade: ${response.status}`);
  return response.webSocket;
}

/** Link a node, say hello, and reconcile with `inventory`. */
export async function linkNode(
  id: string,
  {
    region = "",
    inventory = [] as Extract<NodeFrame, { type: "inventory" }>["rooms"],
    turn = undefined as string[] | undefined,
    roomTurn = undefined as string[] | undefined,
    features = [] as string[],
  } = {},
): Promise<TestNode> {
  const socket = await openLink(await nodeToken(id));
  const closing = Promise.withResolvers<number>();
  const untaken: Frame[] = [];
  const waiting: { type: string; resolve: (frame: Frame) => void }[] = [];
  const node: TestNode = {
    id,
    welcome: { type: "" },
    frames: [],
    commands: [],
    closed: closing.promise,
    manner: "answer",
    sound: true,
    answerOf: ({ offer }) => `answer to ${offer.sdp}`,
    send: frame => socket.send(JSON.stringify(frame)),
    next(type) {
      const index = untaken.findIndex(frame => frame.type === type);
      if (index >= 0) return Promise.resolve(untaken.splice(index, 1)[0] as Frame);
      return new Promise(resolve => waiting.push({ type, resolve }));
    },
    close: () => socket.close(1000),
  };
  socket.addEventListener("close", ({ code }) => closing.resolve(code));
  socket.addEventListener("message", ({ data }) => {
    const frame = JSON.parse(data as string) as Frame;
    node.frames.push(frame);
    if (typeof frame.id === "number") {
      node.commands.push(frame as unknown as LinkCommand | NodeCommand);
      const answer = {
        ...(ANSWERED.has(frame.type) && {
          answer: { sdp: node.answerOf(frame) },
        }),
        ...(frame.type === "rtmp.open" && {
          rtmp: { url: "rtmp://node.example:1935/live", token: `key of ${frame.pid}`, sound: node.sound },
        }),
        ...(frame.type === "bot.open" && { bot: { url: "ws://node.example:7100/", token: `token of ${frame.pid}` } }),
        ...(frame.type === "hls.open" && { hls: { playlist: `${frame.room}/${frame.order.name}/index.m3u8` } }),
        ...(frame.type === "room.open" && roomTurn && { turn: roomTurn }),
      };
      if (node.manner === "answer") node.send({ type: "done", id: frame.id, ...answer });
      if (node.manner === "refuse") node.send({ type: "failed", id: frame.id, code: "no-such-room" });
    }
    const index = waiting.findIndex(({ type }) => type === frame.type);
    if (index < 0) untaken.push(frame);
    else waiting.splice(index, 1)[0]?.resolve(frame);
  });
  socket.accept();
  const addresses = [{ address: "192.0.2.1", port: 7000 }];
  const relays = turn && { turn: [{ urls: turn }] };
  node.send({ type: "hello", features, software: "test", region, capacity: 10, addresses, ...relays, ...load });
  Object.assign(node, { welcome: await node.next("welcome") });
  node.send({ type: "inventory", part: 0, last: true, rooms: inventory });
  await node.next("keep");
  return node;
}
