import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { AcceptStream } from "./tcp-listener.ts";
import { openTcp, type TcpPort, type TcpPortOptions } from "./tcp-port.ts";
import { listen } from "./testing/ports.ts";
import type { UdpPort } from "./udp-port.ts";

const STUN = Buffer.from(`000100002112a442${"ab".repeat(12)}`, "hex");
const frame = (packet: Uint8Array): Buffer => Buffer.concat([Buffer.of(packet.length >> 8, packet.length), packet]);
const CHECK = frame(STUN);

const sockets: Socket[] = [];
const packets: { path: number; bytes: Buffer }[] = [];
const closed: number[] = [];
/** Paths that a session has taken. */
const taken = new Set<number>();
/** Whether it takes those whose packets come. */
let isTaking = false;
let udp: UdpPort;
let tcp: TcpPort;

async function open(options: Partial<TcpPortOptions> = {}): Promise<void> {
  udp = await listen();
  tcp = await openTcp({
    addresses: ["127.0.0.1"],
    port: 0,
    paths: udp,
    onPacket(bytes, offset, length, path) {
      packets.push({ path, bytes: Buffer.from(bytes.subarray(offset, offset + length)) });
      if (!isTaking || taken.has(path)) return;
      udp.retain(path);
      taken.add(path);
    },
    onClosed(path) {
      closed.push(path);
      if (taken.delete(path)) udp.release(path);
    },
    ...options,
  });
}

/** A client that has sent some bytes. */
async function client(...chunks: Buffer[]): Promise<Socket> {
  const socket = connect(tcp.port, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  for (const chunk of chunks) socket.write(chunk);
  return socket;
}

/** An ICE agent's connection, whose check has come, and the path that it is. */
async function agent(isTaken = false): Promise<{ socket: Socket; path: number }> {
  const count = packets.length;
  isTaking = isTaken;
  const socket = await client(CHECK);
  await expect.poll(() => packets.length).toBe(count + 1);
  return { socket, path: packets.at(-1)!.path };
}

const later = (ms: number): void => tcp.tick(performance.now() + ms);

async function isClosed(socket: Socket): Promise<true> {
  socket.resume();
  if (!socket.closed) await once(socket, "close");
  return true;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  tcp.close();
  packets.length = 0;
  closed.length = 0;
  taken.clear();
});

describe("an ICE agent's connection", () => {
  it("is a path: packets come with it, and what is sent there arrives in frames, run by run", async () => {
    await open();
    const { socket, path } = await agent();
    expect(packets[0]!.bytes).toEqual(STUN);
    expect([udp.addressOf(path), udp.portOf(path)]).toEqual(["127.0.0.1", socket.localPort]);
    const arrived: Buffer[] = [];
    socket.on("data", (bytes: Buffer) => arrived.push(bytes));
    udp.send(path, Uint8Array.of(1, 2, 3), 0, 3);
    const at = udp.reserve(5);
    udp.slab.set([4, 4, 5, 5, 6], at);
    udp.commitRun(path, 2, 5);
    udp.flush();
    await expect.poll(() => Buffer.concat(arrived).toString("hex")).toBe("0003010203000204040002050500" + "0106");
    expect(tcp.counters).toMatchObject({ accepted: 1, received: 1, sent: 4, dropped: 0 });
  });

  it("is told by a check that comes byte by byte", async () => {
    await open();
    const socket = await client();
    for (const byte of Buffer.concat([CHECK, frame(Uint8Array.of(7))])) {
      socket.write(Buffer.of(byte));
      await new Promise(resolve => setImmediate(resolve));
    }
    await expect.poll(() => packets.map(({ bytes }) => bytes.length)).toEqual([20, 1]);
  });

  it("ends when its peer does, whose path is told and free again", async () => {
    await open();
    const { socket, path } = await agent(true);
    expect(udp.retainedPaths).toBe(1);
    socket.end();
    await expect.poll(() => closed).toEqual([path]);
    expect(udp.retainedPaths).toBe(0);
    await expect.poll(() => tcp.connections).toBe(0);
  });

  it("ends ten seconds after its beginning when no session has taken it, whatever it sends", async () => {
    await open();
    const mine = await agent(true);
    const silent = await client();
    const slow = await client(CHECK.subarray(0, 5));
    const { socket, path } = await agent();
    later(9_500);
    expect(tcp.connections).toBe(4);
    socket.write(CHECK);
    await expect.poll(() => packets.length).toBe(3);
    later(10_500);
    expect(await Promise.all([silent, slow, socket].map(isClosed))).toEqual([true, true, true]);
    expect(closed).toEqual([path]);
    expect(tcp.counters.late).toBe(3);
    expect(mine.socket.closed).toBe(false);
  });

  it("ends when a packet takes longer than ten seconds, or nothing comes for thirty", async () => {
    await open();
    const [idle, stuck] = [await agent(true), await agent(true)];
    later(0);
    stuck.socket.write(Buffer.concat([CHECK, CHECK.subarray(0, 9)]));
    await expect.poll(() => packets.length).toBe(3);
    later(9_000);
    expect(tcp.connections).toBe(2);
    later(10_500);
    expect(await isClosed(stuck.socket)).toBe(true);
    later(29_000);
    expect(closed).toEqual([stuck.path]);
    later(30_500);
    expect(await isClosed(idle.socket)).toBe(true);
    expect(tcp.counters).toMatchObject({ late: 1, idle: 1 });
  });

  it("ends when its session lets it go", async () => {
    await open();
    const { socket, path } = await agent(true);
    later(0);
    taken.delete(path);
    udp.release(path);
    later(0);
    expect(await isClosed(socket)).toBe(true);
    expect(udp.retainedPaths).toBe(0);
  });

  it("loses packets, not our memory, when its peer doesn't read", async () => {
    await open();
    const { socket, path } = await agent(true);
    socket.pause();
    const before = process.memoryUsage().arrayBuffers;
    const packet = new Uint8Array(1_200);
    for (let i = 0; i < 20_000; i++) udp.send(path, packet, 0, packet.length);
    expect(tcp.counters.dropped).toBeGreaterThan(15_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8_000_000);
    let bytes = 0;
    socket.on("data", chunk => {
      bytes += chunk.length;
    });
    socket.resume();
    await expect.poll(() => bytes).toBe(tcp.counters.sent * 1_202);
  });
});

describe("whoever connects otherwise", () => {
  it("is closed at once: no protocol of ours, a packet that is too long, TURN where there is none", async () => {
    await open();
    const strangers = ["474554202f20", "5353482d", "00140003", "ffff", "1603010200", STUN.toString("hex")];
    for (const bytes of strangers) expect(await isClosed(await client(Buffer.from(bytes, "hex")))).toBe(true);
    const { socket } = await agent();
    socket.write(Buffer.of(0xff, 0xff));
    expect(await isClosed(socket)).toBe(true);
    expect(tcp.counters.unknown).toBe(strangers.length + 1);
    expect(udp.retainedPaths).toBe(0);
  });

  it("is handed over with all that it has sent, when it is a TURN client", async () => {
    const heard: string[] = [];
    const acceptTurn: AcceptStream = socket => {
      let bytes = "";
      socket.on("data", chunk => {
        bytes += chunk.toString("hex");
        heard[0] = bytes;
        socket.write("ok");
      });
    };
    await open({ acceptTurn });
    const socket = await client(STUN.subarray(0, 3));
    await new Promise(resolve => setTimeout(resolve, 20));
    socket.write(Buffer.concat([STUN.subarray(3), Buffer.of(9)]));
    expect(String((await once(socket, "data"))[0])).toBe("ok");
    socket.write(Buffer.of(8));
    await expect.poll(() => heard).toEqual([`${STUN.toString("hex")}0908`]);
    later(60_000);
    expect([socket.closed, tcp.connections]).toEqual([false, 1]);
    tcp.close();
    expect(socket.closed).toBe(false);
    socket.end();
    await expect.poll(() => tcp.connections).toBe(0);
    expect(packets).toEqual([]);
  });
});

describe("connections", () => {
  it("are limited per address and in all", async () => {
    await open({ maxPerAddress: 3 });
    const agents = [await agent(), await agent(), await agent()];
    expect(await isClosed(await client())).toBe(true);
    agents[0]!.socket.destroy();
    await expect.poll(() => tcp.connections).toBe(2);
    await agent();
    expect(tcp.counters).toMatchObject({ accepted: 4, refused: 1, displaced: 0 });
  });

  it("that have proven nothing make room for new ones, the oldest first; those that have don't", async () => {
    await open({ maxUnproven: 2 });
    const mine = await agent(true);
    const [first, second] = [await agent(), await agent()];
    expect(tcp.counters.displaced).toBe(0);
    await agent();
    expect(await isClosed(first.socket)).toBe(true);
    await client();
    expect(await isClosed(second.socket)).toBe(true);
    expect(closed).toEqual([first.path, second.path]);
    expect(mine.socket.closed).toBe(false);
  });

  it("by the thousands cost no more than what may be open at once", { timeout: 60_000 }, async () => {
    const count = 10_000;
    await open({ maxUnproven: 100, maxPerAddress: 0 });
    const mine = await agent(true);
    isTaking = false;
    let begun = 0;
    const attack = async (): Promise<void> => {
      while (begun < count) {
        const length = 1 + (begun++ % CHECK.length);
        const socket = connect(tcp.port, "127.0.0.1").on("error", () => {});
        await once(socket, "connect");
        socket.write(CHECK.subarray(0, length));
        // Held open, as an attacker would: it is we who close it.
        socket.resume();
      }
    };
    await Promise.all(Array.from({ length: 20 }, attack));
    await expect.poll(() => tcp.counters.displaced).toBe(count - 100);
    await expect.poll(() => tcp.connections).toBe(101);
    expect(udp.retainedPaths).toBeLessThanOrEqual(101);
    mine.socket.write(frame(Uint8Array.of(1)));
    await expect.poll(() => packets.find(({ bytes }) => bytes.length === 1)?.path).toBe(mine.path);
  });
});
