import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { rawRequest } from "../testing/raw.ts";
import type { SipFlow } from "../transport/flow.ts";
import { openSipStreams, type SipStreams, type SipStreamsOptions } from "./streams.ts";

/** Machines may be slow. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

let streams: SipStreams;
let now = 0;
const received: { flow: SipFlow; bytes: Uint8Array }[] = [];
const failed: SipFlow[] = [];
const sockets: Socket[] = [];

async function start(options: Partial<SipStreamsOptions> = {}): Promise<void> {
  now = 1_000;
  streams = await openSipStreams({
    address: "127.0.0.1",
    ports: [0],
    secureContext: () => undefined,
    maxConnections: 10,
    maxPerAddress: 5,
    now: () => now,
    message: (flow, bytes) => received.push({ flow, bytes }),
    pong() {},
    failed: flow => failed.push(flow),
    ...options,
  });
}

async function join(): Promise<Socket> {
  const socket = connect(streams.ports[0] ?? 0, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

async function isClosed(socket: Socket): Promise<true> {
  socket.resume();
  if (!socket.closed) await once(socket, "close");
  return true;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  received.splice(0);
  failed.splice(0);
  await streams.close();
});

describe("TCP connections", { timeout: 30_000 }, () => {
  it("are known by a number, by which they are answered, and whose end is told", async () => {
    await start();
    const socket = await join();
    socket.write(rawRequest("OPTIONS"));
    await soon(() => received.length).toBe(1);
    const { flow } = received[0]!;
    expect(flow).toMatchObject({ transport: "tcp", address: "127.0.0.1", port: socket.localPort });
    expect(streams.send(flow, Buffer.from("answer"))).toBe(true);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toBe("answer");
    socket.destroy();
    await soon(() => failed).toEqual([flow]);
    expect(streams.send(flow, Buffer.from("answer"))).toBe(false);
  });

  it("are kept alive by pings, which are answered", async () => {
    await start();
    const socket = await join();
    socket.write("\r\n\r\n");
    const [pong] = (await once(socket, "data")) as [Buffer];
    expect(pong.toString()).toBe("\r\n");
  });

  it("end where they send no SIP, want a TLS that there isn't, or another protocol than sip", async () => {
    await start();
    for (const bytes of ["x".repeat(20_000), Buffer.from([0x16, 3, 1, 0, 5]), "GET / HTTP/1.1\r\n\r\n"]) {
      const socket = await join();
      socket.write(bytes);
      expect(await isClosed(socket)).toBe(true);
    }
    expect(received).toEqual([]);
  });

  it("end where they say nothing for 30 s, are half a message for 10, or silent for 20 minutes", async () => {
    await start();
    const [silent, slow, idle] = [await join(), await join(), await join()];
    slow.write(rawRequest("OPTIONS") + rawRequest("OPTIONS").slice(0, 50));
    idle.write(rawRequest("OPTIONS"));
    await soon(() => received.length).toBe(2);
    streams.sweep();
    now += 10_001;
    streams.sweep();
    expect(await isClosed(slow)).toBe(true);
    now += 20_000;
    streams.sweep();
    expect(await isClosed(silent)).toBe(true);
    expect(idle.closed).toBe(false);
    now += 20 * 60_000;
    streams.sweep();
    expect(await isClosed(idle)).toBe(true);
  });

  it("are so many from one address and no more", async () => {
    await start({ maxPerAddress: 2 });
    const first = await join();
    first.write(rawRequest("OPTIONS"));
    (await join()).write(rawRequest("OPTIONS"));
    await soon(() => received.length).toBe(2);
    expect(await isClosed(await join())).toBe(true);
    first.destroy();
    await soon(() => failed.length).toBe(1);
    (await join()).write(rawRequest("OPTIONS"));
    await soon(() => received.length).toBe(3);
  });
});
