/** A bare signaling client: a socket, and what arrived on it. @module */
import { exports } from "cloudflare:workers";
import type { RoomEvent } from "../../protocol/events.ts";
import type { Snapshot, Welcome } from "../../protocol/frames.ts";
import { apiToken, joinToken, type TokenOptions } from "./tokens.ts";

// biome-ignore lint/suspicious/noExplicitAny: frames of every kind, whose fields the tests name
export type Frame = { type: string } & Record<string, any>;

export interface Closed {
  code: number;
  reason: string;
}

export interface TestClient {
  readonly frames: Frame[];
  readonly closed: Promise<Closed>;
  send(frame: unknown): void;
  sendRaw(data: string | ArrayBuffer): void;
  /** The first frame, from now or already here and not yet taken, for which `is` holds. */
  next(is: string | ((frame: Frame) => boolean)): Promise<Frame>;
  /** Send a command and await its answer. */
  ask(type: string, fields?: Record<string, unknown>): Promise<Frame>;
  /** The room has handled what this client sent, and what it sent to this client before now is here. */
  settle(): Promise<void>;
  close(code?: number): void;
  lastId: number;
}

let rooms = 0;
/** A room name that no other test has. */
export const uniqueRoom = (): string => `test-${++rooms}-${crypto.randomUUID().slice(0, 8)}`;

let addresses = 0;
/** A client address that no other test has: failures are counted by address. */
export const uniqueAddress = (): string => `2001:db8::${(++addresses).toString(16)}`;

/** Ask the Worker, from an address of its own unless `init` names one. */
export function ask(path: string, init?: RequestInit): Promise<Response> {
  const request = new Request(`https://edge.test${path}`, init);
  if (!request.headers.has("cf-connecting-ip")) request.headers.set("cf-connecting-ip", uniqueAddress());
  return exports.default.fetch(request);
}

/** Ask the REST API with a valid token. */
export async function askApi(method: string, path: string, body?: unknown): Promise<Response> {
  const headers = { authorization: `Bearer ${await apiToken()}` };
  return ask(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) });
}

const WAIT = 20_000;
/** Ids of {@link TestClient.settle}'s questions: far from those that tests use. */
const SETTLING = 1_000_000_000;

function clientOf(socket: WebSocket): TestClient {
  const frames: Frame[] = [];
  const waiting: { is: (frame: Frame) => boolean; resolve: (frame: Frame) => void }[] = [];
  const untaken: Frame[] = [];
  const settling = new Map<number, () => void>();
  const closing = Promise.withResolvers<Closed>();
  socket.addEventListener("message", event => {
    if (event.data === "pong") return;
    const frame = JSON.parse(event.data as string) as Frame;
    if (settling.has(frame.id)) {
      settling.get(frame.id)?.();
      return;
    }
    frames.push(frame);
    const index = waiting.findIndex(({ is }) => is(frame));
    if (index < 0) untaken.push(frame);
    else waiting.splice(index, 1)[0]?.resolve(frame);
  });
  socket.addEventListener("close", event => closing.resolve({ code: event.code, reason: event.reason }));
  socket.accept();

  const client: TestClient = {
    frames,
    closed: closing.promise,
    lastId: 0,
    send: frame => socket.send(JSON.stringify(frame)),
    sendRaw: data => socket.send(data),
    next(is) {
      const matches = typeof is === "string" ? (frame: Frame) => frame.type === is : is;
      const index = untaken.findIndex(matches);
      if (index >= 0) return Promise.resolve(untaken.splice(index, 1)[0] as Frame);
      const { promise, resolve, reject } = Promise.withResolvers<Frame>();
      const seen = (): string => frames.map(frame => frame.type).join(" ");
      const timer = setTimeout(() => reject(new Error(`no ${is} within ${WAIT} ms; seen: ${seen()}`)), WAIT);
      waiting.push({
        is: matches,
        resolve(frame) {
          clearTimeout(timer);
          resolve(frame);
        },
      });
      return promise;
    },
    ask(type, fields = {}) {
      const id = ++client.lastId;
      client.send({ type, id, ...fields });
      return client.next(frame => (frame.type === "ok" || frame.type === "error") && frame.id === id);
    },
    settle() {
      const { promise, resolve } = Promise.withResolvers<void>();
      const id = SETTLING + settling.size;
      settling.set(id, resolve);
      client.send({ type: "ice.servers", id });
      return promise;
    },
    close: code => socket.close(code),
  };
  return client;
}

/** Open a socket to a room with these subprotocols; the response instead if it is refused. */
export async function upgrade(room: string, protocols: string[], headers: Record<string, string> = {}) {
  const response = await ask(`/v1/rooms/${room}/connect`, {
    headers: { upgrade: "websocket", "sec-websocket-protocol": protocols.join(", "), ...headers },
  });
  return { response, client: response.webSocket ? clientOf(response.webSocket) : undefined };
}

async function open(room: string, credential: string): Promise<TestClient> {
  const { client, response } = await upgrade(room, ["tandem.v1", credential]);
  if (!client) throw new Error(`no upgrade: ${response.status} ${await response.text()}`);
  return client;
}

export interface Joined extends TestClient {
  readonly room: string;
  readonly welcome: Welcome;
  readonly snapshot: Pick<Snapshot, "participants" | "chat">;
  /** Missed events, after a resume. */
  readonly replay: RoomEvent[] | undefined;
  readonly pid: string;
}

async function greet(client: TestClient, room: string, hello: Record<string, unknown>): Promise<Joined> {
  client.send({ type: "hello", features: [], ...hello });
  const first = await client.next(frame => frame.type === "welcome" || frame.type === "error");
  if (first.type === "error") throw new Error(`refused: ${first.code}`);
  const snapshot: Pick<Snapshot, "participants" | "chat"> = { participants: [], chat: [] };
  let replay: RoomEvent[] | undefined;
  for (;;) {
    const page = await client.next(frame => frame.type === "snapshot" || frame.type === "replay");
    if (page.type === "replay") {
      replay ??= [];
      replay.push(...page.events);
    } else {
      snapshot.participants.push(...page.participants);
      snapshot.chat.push(...page.chat);
    }
    if (page.last) break;
  }
  const welcome = first as unknown as Welcome;
  return Object.assign(client, { room, welcome, snapshot, replay, pid: welcome.you.pid });
}

/** Join a room and wait until all of it is known. */
export async function join(
  room: string,
  identity: string,
  { token: given, ...options }: Partial<TokenOptions> & { token?: string } = {},
): Promise<Joined> {
  const token = given ?? (await joinToken({ room, identity, ...options }));
  return greet(await open(room, `bearer.${token}`), room, {});
}

/** Connect without hello. */
export const connect = async (room: string, identity: string, options: Partial<TokenOptions> = {}) =>
  open(room, `bearer.${await joinToken({ room, identity, ...options })}`);

/** Come back as `before`, having applied events up to `seq`. */
export async function resume(before: Joined, seq: number = before.welcome.seq): Promise<Joined> {
  const client = await open(before.room, `resume.${before.welcome.resume}`);
  const { life } = before.welcome.room;
  const resumed = await greet(client, before.room, { resume: { life, seq } });
  resumed.lastId = before.lastId;
  return resumed;
}
