import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Assignment, LinkCommand } from "../../src/protocol/index.ts";
import { createLog } from "../log.ts";
import { createFramedConnection } from "../net/framed-connection.ts";
import { type OpenWorker, openWorker } from "./open-worker.ts";
import { createModelClient, type ModelClient } from "./testing/model-client.ts";
import { OFFERED } from "./testing/model-offer.ts";
import { participantOf, pidOf, ROOM } from "./testing/model-world.ts";

const TICK = 20;

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Body<T> = T extends LinkCommand ? Omit<T, "id" | keyof Assignment> : never;
const command = (worker: OpenWorker, body: Body<LinkCommand>) =>
  worker.execute({ id: 1, ...ROOM, ...body } as LinkCommand);

async function start(iceTcp = true): Promise<OpenWorker> {
  const worker = await openWorker({
    config: { worker: 0, listen: ["127.0.0.1"], announce: [], port: 0, iceTcp, maxBitrate: 1_000_000 },
    log: createLog("error"),
    report() {},
  });
  closing.push(worker.close);
  await command(worker, { type: "room.open", participants: [] });
  return worker;
}

interface TcpClient {
  readonly model: ModelClient;
  readonly answer: string;
  readonly socket: Socket;
  /** Connects anew, whatever became of the connection before. */
  reconnect(): Promise<void>;
}

/** A model client whose only way to the worker is TCP. */
async function join(worker: OpenWorker, number: number): Promise<TcpClient> {
  let socket: Socket | undefined;
  let frame: ((bytes: Uint8Array) => void) | undefined;
  const model = createModelClient({ address: `client ${number}`, send: bytes => frame?.(bytes) });

  async function reconnect(): Promise<void> {
    const next = connect(worker.port, "127.0.0.1");
    closing.push(() => next.destroy());
    const counters = { received: 0, sent: 0, dropped: 0 };
    const framed = createFramedConnection(next, counters, (bytes, offset, length) => {
      model.handle(bytes.subarray(offset, offset + length), performance.now());
      return true;
    });
    next.on("data", (chunk: Buffer) => framed.receive(chunk, performance.now()));
    next.on("error", () => {});
    await once(next, "connect");
    socket?.destroy();
    socket = next;
    frame = bytes => {
      // What is sent together arrives in one piece.
      next.cork();
      framed.send(bytes, 0, bytes.length, bytes.length);
      setImmediate(() => next.uncork());
    };
  }

  await reconnect();
  await command(worker, { type: "participant.put", participant: participantOf(number) });
  const { answer } = await command(worker, { type: "session.open", pid: pidOf(number), offer: model.offer() });
  model.accept(answer!.sdp);
  const timer = setInterval(() => model.tick(performance.now()), TICK);
  closing.push(() => clearInterval(timer));
  await expect.poll(() => model.connected, { timeout: 10_000 }).toBe(true);
  return {
    model,
    answer: answer!.sdp,
    get socket() {
      return socket!;
    },
    reconnect,
  };
}

/** They never begin anew: no number is protected twice. */
let audio = 0;
let video = 0;

/** Sends frames of one packet each, the first a key frame where wanted. */
function sendFrames(clients: readonly ModelClient[], count: number, size: number, key = false): void {
  for (let i = 0; i < count; i++) {
    video = (video + 1) & 0xffff;
    const payload = Buffer.alloc(size, 0x11);
    payload.set(key && i === 0 ? [0x10, 0x10] : [0x10, 0x11]);
    const { vp8: payloadType } = OFFERED;
    const frame = { payloadType, sequence: video, timestamp: video * 3_000, ssrc: 2_000, marker: true, payload };
    for (const client of clients) client.sendRtp("1", frame);
  }
}

/** Sends sound and a burst of frames every 20 ms, until `check` is true. */
async function talk(clients: readonly ModelClient[], check: () => boolean): Promise<void> {
  const timer = setInterval(() => {
    for (const client of clients) client.sendAudio(audio);
    sendFrames(clients, 5, 40, audio++ % 10 === 0);
  }, TICK);
  try {
    await expect.poll(check, { timeout: 10_000 }).toBe(true);
  } finally {
    clearInterval(timer);
  }
}

/** Whether a picture has come without a gap. */
function isWhole({ packets }: ModelClient, csrc: number): boolean {
  const sequences = packets.filter(each => each.csrc === csrc).map(({ sequence }) => sequence);
  return sequences.every((sequence, i) => sequence === ((sequences[0]! + i) & 0xffff));
}

const heard = ({ packets }: ModelClient, csrc: number): number => packets.filter(each => each.csrc === csrc).length;

describe("a session over TCP", () => {
  it("carries handshake, data channel, sound and picture both ways, like one over UDP", async () => {
    const worker = await start();
    const [a, b] = [await join(worker, 1), await join(worker, 2)];
    await talk([a.model, b.model], () =>
      [heard(a.model, 32), heard(a.model, 33), heard(b.model, 16), heard(b.model, 17)].every(count => count > 40),
    );
    for (const { model } of [a, b]) {
      expect(model.broken).toBe(0);
      expect(model.messages.some(({ type }) => type === "slots")).toBe(true);
    }
    expect([isWhole(a.model, 33), isWhole(b.model, 17)]).toEqual([true, true]);
    const counters = worker.counters();
    expect(counters).toMatchObject({ "tcp.accepted": 2, "tcp.unknown": 0, "tcp.dropped": 0 });
    for (const name of ["udp.received", "udp.sent", "packet.unknown", "srtp-in.unauthentic", "dtls.malformed"])
      expect(counters[name] ?? 0, name).toBe(0);
  });

  it("goes on over a new connection when the old one breaks", async () => {
    const worker = await start();
    const [a, b] = [await join(worker, 1), await join(worker, 2)];
    await talk([a.model], () => heard(b.model, 17) > 20);
    await b.reconnect();
    const before = heard(b.model, 17);
    await talk([a.model], () => heard(b.model, 17) > before + 20);
    expect(worker.rooms()[0]?.sessions.length).toBe(2);
    expect(worker.counters()["session.connected"]).toBe(2);
  });

  it("loses packets of who doesn't read, and nobody else's, and goes on for who reads again", async () => {
    const worker = await start();
    const [a, slow, other] = [await join(worker, 1), await join(worker, 2), await join(worker, 3)];
    await talk([a.model], () => heard(slow.model, 17) > 10);
    slow.socket.pause();
    const dropped = (): number => worker.counters()["tcp.dropped"]!;
    const burst = setInterval(() => sendFrames([a.model], 20, 1_000), TICK);
    try {
      await expect.poll(dropped, { timeout: 20_000 }).toBeGreaterThan(100);
    } finally {
      clearInterval(burst);
    }
    slow.socket.resume();
    // What was queued comes first, then what is behind the gap.
    await talk([a.model], () => !isWhole(slow.model, 17));
    expect([slow.model.broken, other.model.broken]).toEqual([0, 0]);
    expect(isWhole(other.model, 17)).toBe(true);
  });

  it("ends with its session", async () => {
    const worker = await start();
    const { socket } = await join(worker, 1);
    await command(worker, { type: "room.close" });
    if (!socket.closed) await once(socket, "close");
  });

  it("is offered after UDP, and not at all where it is off", async () => {
    const worker = await start();
    const { answer } = await join(worker, 1);
    const candidates = [...answer.matchAll(/^a=candidate:\d+ 1 (\w+) (\d+) (\S+) (\d+) typ host(.*)\r$/gm)];
    expect(candidates.map(match => match.slice(3, 6))).toEqual([
      ["127.0.0.1", String(worker.port), ""],
      ["127.0.0.1", String(worker.port), " tcptype passive"],
    ]);
    expect(candidates.map(match => match[1])).toEqual(["udp", "tcp"]);
    expect(Number(candidates[0]![2])).toBeGreaterThan(Number(candidates[1]![2]));

    const without = await start(false);
    await command(without, { type: "participant.put", participant: participantOf(1) });
    const offer = createModelClient({ address: "", send() {} }).offer();
    const { answer: plain } = await command(without, { type: "session.open", pid: pidOf(1), offer });
    expect(plain!.sdp).toMatch(/^a=candidate:.* udp /m);
    expect(plain!.sdp).not.toContain(" tcp ");
    const [error] = (await once(connect(without.port, "127.0.0.1"), "error").catch(failure => [failure])) as [
      NodeJS.ErrnoException,
    ];
    expect(error.code).toBe("ECONNREFUSED");
  });
});
