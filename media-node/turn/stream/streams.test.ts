/** Abuse test 13: clients over TCP and TLS that are slow, many, or don't read. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createSecureContext } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import { createCertificate } from "../../dtls/certificate.ts";
import type { ClientTransport } from "../io.ts";
import { openStreams, type Streams, type StreamsOptions } from "./streams.ts";

const BINDING = Buffer.from(`000100002112a442${"ab".repeat(12)}`, "hex");

let streams: Streams;
const transports: ClientTransport[] = [];
/** Clients that have an allocation. */
const allocated = new Set<number>();
const frames: [client: number, length: number][] = [];
const sockets: Socket[] = [];
let onFrame: (client: number) => void = () => {};

async function open(options: Partial<StreamsOptions> = {}): Promise<void> {
  streams = await openStreams({
    addresses: ["127.0.0.1"],
    ports: [0],
    secureContext: () => undefined,
    maxConnections: 100,
    maxPerAddress: 100,
    reusePort: false,
    attach(transport) {
      transports.push(transport);
      return {
        receive(number, _bytes, _offset, length) {
          frames.push([number, length]);
          onFrame(number);
        },
        closed: client => allocated.delete(client),
        hasAllocation: client => allocated.has(client),
      };
    },
    begin: () => performance.now(),
    ...options,
  });
}

/** A client that has sent some bytes, which have arrived. */
async function client(...chunks: Buffer[]): Promise<Socket> {
  const before = streams.connections;
  const socket = connect(streams.ports[0]!, "127.0.0.1");
  sockets.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  await expect.poll(() => streams.connections).toBe(before + 1);
  for (const chunk of chunks) socket.write(chunk);
  return socket;
}

const later = (ms: number): void => streams.tick(performance.now() + ms);

async function isClosed(socket: Socket): Promise<true> {
  if (!socket.closed) await once(socket, "close");
  return true;
}

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await streams.close();
  transports.length = 0;
  frames.length = 0;
  allocated.clear();
  onFrame = () => {};
});

describe("a connection", () => {
  it("ends after 30 seconds without an allocation, whatever was sent; one with an allocation stays", async () => {
    await open();
    const silent = await client();
    const busy = await client(BINDING);
    const owner = await client(BINDING);
    await expect.poll(() => frames.length).toBe(2);
    allocated.add(frames[1]![0]);
    later(29_000);
    expect(streams.connections).toBe(3);
    later(31_000);
    expect(await Promise.all([silent, busy].map(isClosed))).toEqual([true, true]);
    expect(streams.connections).toBe(1);
    expect(streams.counters.idle).toBe(2);
    expect(owner.closed).toBe(false);
  });

  it("ends when a frame takes longer than 10 seconds, even with an allocation", async () => {
    await open();
    const socket = await client(BINDING);
    await expect.poll(() => frames.length).toBe(1);
    allocated.add(frames[0]![0]);
    socket.write(Buffer.concat([BINDING, BINDING.subarray(0, 10)]));
    await expect.poll(() => frames.length).toBe(2);
    later(9_000);
    expect(streams.connections).toBe(1);
    later(11_000);
    expect(await isClosed(socket)).toBe(true);
  });

  it("ends when TLS isn't up, with a first request behind it, within 10 seconds", async () => {
    const { der, privateKey } = createCertificate({ unixTime: Date.now() });
    const cert = `-----BEGIN CERTIFICATE-----\n${Buffer.from(der).toString("base64")}\n-----END CERTIFICATE-----\n`;
    const key = privateKey.export({ type: "pkcs8", format: "pem" });
    let asked = 0;
    await open({
      secureContext() {
        asked++;
        return createSecureContext({ cert, key });
      },
    });
    const socket = await client(Buffer.from("1603010200010001", "hex"));
    await expect.poll(() => asked).toBe(1);
    later(9_000);
    expect(streams.connections).toBe(1);
    later(11_000);
    expect(await isClosed(socket)).toBe(true);
  });

  it("stays where it came to another port: it is for a room that goes on while the server drains", async () => {
    await open();
    const other = createServer(socket => streams.accept(socket)).listen(0, "127.0.0.1");
    await once(other, "listening");
    const socket = connect((other.address() as AddressInfo).port, "127.0.0.1");
    sockets.push(socket);
    socket.write(BINDING);
    await expect.poll(() => frames.length).toBe(1);
    await client(BINDING);
    await expect.poll(() => frames.length).toBe(2);
    expect(frames.map(([number]) => transports[0]!.stays?.(number))).toEqual([true, false]);
    other.close();
  });

  it("ends at once when it offers TLS and there is no certificate, begins nothing of ours, or promises too much", async () => {
    await open();
    for (const bytes of ["160301", "474554202f", "0001fffc2112a442"])
      expect(await isClosed(await client(Buffer.from(bytes, "hex")))).toBe(true);
    expect(streams.connections).toBe(0);
  });

  it("that was given away is cut no more, and counts until it ends; early bytes for its taker end it", async () => {
    await open({ maxPerAddress: 1 });
    let given: Socket | undefined;
    const socket = await client(BINDING);
    await expect.poll(() => frames.length).toBe(1);
    given = streams.handOver(frames[0]![0]);
    const heard: Buffer[] = [];
    given?.on("data", chunk => heard.push(chunk as Buffer));
    socket.write("GET / HTTP/1.1");
    await expect.poll(() => String(Buffer.concat(heard))).toBe("GET / HTTP/1.1");
    later(31_000);
    expect(streams.connections).toBe(1);
    socket.end();
    await expect.poll(() => streams.connections).toBe(0);
    expect(streams.handOver(frames[0]![0])).toBeUndefined();

    onFrame = number => {
      given = streams.handOver(number);
    };
    const hasty = await client(Buffer.concat([BINDING, Buffer.from("more")]));
    expect(await isClosed(hasty)).toBe(true);
    expect(given?.destroyed).toBe(true);
  });

  it("loses packets, not our memory, when its client doesn't read", async () => {
    await open();
    const socket = await client(BINDING);
    await expect.poll(() => frames.length).toBe(1);
    socket.pause();
    const [transport] = transports;
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 10_000; i++) transport!.commit(frames[0]![0], 60_000);
    expect(streams.counters.dropped).toBeGreaterThan(9_000);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16_000_000);
  });
});

describe("connections", () => {
  it("are limited per address, and one that ends makes room", async () => {
    await open({ maxPerAddress: 2 });
    const first = await client();
    await client();
    const third = connect(streams.ports[0]!, "127.0.0.1");
    third.on("error", () => {});
    expect(await isClosed(third)).toBe(true);
    expect(streams.counters.refused).toBe(1);
    first.destroy();
    await expect.poll(() => streams.connections).toBe(1);
    await client();
    expect(streams.counters.accepted).toBe(3);
  });

  it("are limited in all", async () => {
    await open({ maxConnections: 3, maxPerAddress: 0 });
    for (let i = 0; i < 3; i++) await client();
    const extra = Array.from({ length: 50 }, () => connect(streams.ports[0]!, "127.0.0.1").on("error", () => {}));
    await Promise.all(extra.map(isClosed));
    expect(streams.connections).toBe(3);
    expect(streams.counters.refused).toBe(50);
  });
});
