/**
 * Signaling: joining, relaying, fanning out. Ours is the whole edge on local workerd (token verified, membership stored,
 * every frame validated and authorised); the peer is a bare `ws` relay on Node that does none of it. Both are driven by the
 * same client, in turns.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startEdge } from "../test/support/edge.ts";
import { apiToken, joinToken } from "../test/support/tokens.ts";
import { median, quantile, type Report } from "./figure.ts";

const ROUNDS = 3;
const ROOMS = 12;
const MEMBERS = 5;
const SECONDS = 3;
const PAYLOAD = "x".repeat(200);
const WINDOW = 64;
const AUDIENCE = 100;

/** Opens a member of a room; resolves once it has the whole snapshot. */
type Join = (room: string, who: number) => Promise<Member>;

interface Member {
  readonly pid: string;
  readonly socket: WebSocket;
}

interface Frame {
  type: string;
  last?: boolean;
  you?: { pid: string };
  code?: string;
}

async function join(url: string, protocols: string[]): Promise<Member> {
  const socket = new WebSocket(url, protocols);
  const done = Promise.withResolvers<Member>();
  let pid = "";
  const receive = ({ data }: MessageEvent): void => {
    const frame = JSON.parse(String(data)) as Frame;
    if (frame.type === "error") done.reject(new Error(`refused: ${frame.code}`));
    pid = frame.you?.pid ?? pid;
    if (frame.type !== "snapshot" || !frame.last) return;
    socket.removeEventListener("message", receive);
    done.resolve({ pid, socket });
  };
  socket.addEventListener("open", () => socket.send(JSON.stringify({ type: "hello", features: [] })));
  socket.addEventListener("message", receive);
  socket.addEventListener("close", ({ code }) => done.reject(new Error(`closed: ${code}`)));
  return done.promise;
}

/** Milliseconds of each join, rooms filling up one member at a time. */
async function joins(enter: Join, label: string): Promise<number[]> {
  const times: number[] = [];
  const members: Member[] = [];
  for (let room = 0; room < ROOMS; room++) {
    for (let who = 0; who < MEMBERS; who++) {
      const start = performance.now();
      members.push(await enter(`${label}-${room}`, who));
      times.push(performance.now() - start);
    }
  }
  for (const { socket } of members) socket.close();
  return times;
}

/** Messages that reach `receivers` per second, from one sender that keeps `window` of them under way to each. */
async function flow(sender: Member, receivers: readonly Member[], window: number, to?: string[]): Promise<number> {
  const frame = JSON.stringify({ type: "app.message", ...(to && { to }), data: PAYLOAD });
  let received = 0;
  let sent = 0;
  const end = performance.now() + SECONDS * 1_000;
  const done = Promise.withResolvers<number>();
  const start = performance.now();
  const send = (): void => {
    while (sent - received / receivers.length < window) {
      sender.socket.send(frame);
      sent++;
    }
  };
  const count = ({ data }: MessageEvent): void => {
    if (!String(data).startsWith('{"type":"app.message"')) return;
    received++;
    const now = performance.now();
    if (now >= end) done.resolve(received / ((now - start) / 1_000));
    else send();
  };
  const broken = ({ code }: CloseEvent): void => done.reject(new Error(`a connection closed: ${code}`));
  for (const { socket } of [sender, ...receivers]) socket.addEventListener("close", broken);
  for (const { socket } of receivers) socket.addEventListener("message", count);
  send();
  const rate = await done.promise;
  for (const { socket } of receivers) socket.removeEventListener("message", count);
  for (const { socket } of [sender, ...receivers]) socket.removeEventListener("close", broken);
  return rate;
}

async function relay(enter: Join, room: string): Promise<number> {
  const sender = await enter(room, 0);
  const receiver = await enter(room, 1);
  const rate = await flow(sender, [receiver], WINDOW, [receiver.pid]);
  for (const { socket } of [sender, receiver]) socket.close();
  return rate;
}

async function fanOut(enter: Join, room: string): Promise<number> {
  const sender = await enter(room, 0);
  const receivers: Member[] = [];
  for (let who = 1; who <= AUDIENCE; who++) receivers.push(await enter(room, who));
  const rate = await flow(sender, receivers, 8);
  for (const { socket } of [sender, ...receivers]) socket.close();
  return rate;
}

/** Run the bench. */
export async function run(report: Report): Promise<void> {
  report.note("starting the edge and the peer");
  const edge = await startEdge({ vars: { MESSAGE_RATE: "100000", MESSAGE_BURST: "100000" } });
  const peer = fork(fileURLToPath(new URL("peers/ws-relay.ts", import.meta.url)));
  try {
    const [port] = (await once(peer, "message")) as [number];
    const ours: Join = async (room, who) => {
      const token = await joinToken(room, `member-${who}`);
      return join(`${edge.url.replace("http", "ws")}/v1/rooms/${room}/connect`, ["tandem.v1", `bearer.${token}`]);
    };
    const createRoom = async (name: string): Promise<void> => {
      const response = await fetch(`${edge.url}/v1/rooms`, {
        method: "POST",
        headers: { authorization: `Bearer ${await apiToken()}`, "content-type": "application/json" },
        body: JSON.stringify({ name, maxParticipants: AUDIENCE + 1 }),
      });
      if (!response.ok) throw new Error(`no room for the audience: ${await response.text()}`);
    };
    const theirs: Join = room => join(`ws://127.0.0.1:${port}/${room}`, []);
    const peerName = "ws relay on Node";

    /** Both in turns; the first round warms up and does not count. */
    const paired = async <T>(
      what: string,
      work: (enter: Join, label: string) => Promise<T>,
    ): Promise<{ ours: T[]; theirs: T[] }> => {
      const results = { ours: [] as T[], theirs: [] as T[] };
      for (let round = 0; round <= ROUNDS; round++) {
        report.note(`${what}, round ${round} of ${ROUNDS}`);
        const label = `${what}-${round}`;
        const [mine, other] = [await work(ours, label), await work(theirs, label)];
        if (round === 0) continue;
        results.ours.push(mine);
        results.theirs.push(other);
      }
      return results;
    };

    const joined = await paired("join", joins);
    const times = { ours: joined.ours.flat(), theirs: joined.theirs.flat() };
    report.figure("join p50", "ms", median(times.ours), median(times.theirs), peerName, "lower");
    report.figure("join p95", "ms", quantile(times.ours, 0.95), quantile(times.theirs, 0.95), peerName, "lower");
    const relayed = await paired("relay", relay);
    report.figure("relay messages/s", "messages/s", median(relayed.ours), median(relayed.theirs), peerName, "higher");
    for (let round = 0; round <= ROUNDS; round++) await createRoom(`fan-out-${round}`);
    const fanned = await paired("fan-out", fanOut);
    report.figure(
      "fan-out 100 messages/s",
      "messages/s",
      median(fanned.ours),
      median(fanned.theirs),
      peerName,
      "higher",
    );
  } finally {
    peer.disconnect();
    await edge.stop();
  }
}
