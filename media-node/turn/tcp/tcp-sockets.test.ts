import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Relay } from "../allocation.ts";
import type { RelayIo } from "../io.ts";
import type { PeerLink } from "./peer-link.ts";
import { createTcpSockets, type TcpSockets } from "./tcp-sockets.ts";

const LOCAL = Uint8Array.of(127, 0, 0, 1);

let sockets: TcpSockets;
let peer: Server;
let peerPort = 0;
/** What the peer accepted, what relays accepted, which links ended, what passed up and down. */
const accepted: Socket[] = [];
const links: PeerLink[] = [];
const closed: PeerLink[] = [];
const passed = { up: 0, down: 0 };
let budget = Number.POSITIVE_INFINITY;
let isWelcome = true;
const loose: Socket[] = [];
const clients = new Map<number, Socket>();

const relayOn = (port: number): Relay =>
  ({ family: 1, port, handle: -1, allocation: { links: new Set() } }) as unknown as Relay;
const linkOf = (relay: Relay, port = peerPort): PeerLink => ({
  id: links.length + 1,
  relay,
  address: LOCAL,
  port,
  asked: undefined,
  state: "connecting",
  until: 0,
});

/** Both ends of a connection, such as a client makes to us. */
async function createClient(number: number): Promise<Socket> {
  const server = createServer({ pauseOnConnect: true }, socket => clients.set(number, socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const socket = connect((server.address() as AddressInfo).port, "127.0.0.1");
  loose.push(socket);
  socket.on("error", () => {});
  await once(socket, "connect");
  await expect.poll(() => clients.has(number)).toBe(true);
  server.close();
  return socket;
}

async function openRelay(): Promise<Relay> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const relay = relayOn((probe.address() as AddressInfo).port);
  probe.close();
  await once(probe, "close");
  const { promise, resolve } = Promise.withResolvers<boolean>();
  sockets.wrap({} as RelayIo).open(relay, resolve);
  expect(await promise).toBe(true);
  return relay;
}

async function connectTo(relay: Relay, port = peerPort): Promise<{ link: PeerLink; ok: boolean }> {
  const link = linkOf(relay, port);
  const ok = await new Promise<boolean>(resolve => sockets.io.connect(link, resolve));
  return { link, ok };
}

beforeEach(async () => {
  peer = createServer({ pauseOnConnect: true }, socket => accepted.push(socket));
  peer.listen(0, "127.0.0.1");
  await once(peer, "listening");
  peerPort = (peer.address() as AddressInfo).port;
  sockets = createTcpSockets({
    addresses: [{ family: 1, local: LOCAL, announced: LOCAL }],
    handOver: client => clients.get(client),
    events: () => ({
      accepted(relay, address, port) {
        if (!isWelcome) return undefined;
        const link = { ...linkOf(relay, port), address: Uint8Array.from(address.split("."), Number) };
        links.push(link);
        return link;
      },
      closed: link => closed.push(link),
      passed(_link, up, bytes) {
        passed[up ? "up" : "down"] += bytes;
        budget -= bytes;
        return budget >= 0;
      },
      mayPass: () => budget >= 0,
    }),
  });
});

afterEach(() => {
  sockets.close();
  sockets.close();
  peer.close();
  for (const socket of [...accepted.splice(0), ...loose.splice(0), ...clients.values()]) socket.destroy();
  clients.clear();
  links.length = 0;
  closed.length = 0;
  passed.up = 0;
  passed.down = 0;
  budget = Number.POSITIVE_INFINITY;
  isWelcome = true;
});

describe("a connection to a peer", () => {
  it("comes from the relay's own port, while that is listened on", async () => {
    const relay = await openRelay();
    const { ok } = await connectTo(relay);
    expect(ok).toBe(true);
    await expect.poll(() => accepted.length).toBe(1);
    expect(accepted[0]?.remotePort).toBe(relay.port);
  });

  it("that is refused, or given up, is told or not", async () => {
    const relay = await openRelay();
    peer.close();
    await once(peer, "close");
    expect((await connectTo(relay)).ok).toBe(false);
    const link = linkOf(relay);
    const told: boolean[] = [];
    sockets.io.connect(link, ok => told.push(ok));
    sockets.io.drop(link);
    await connectTo(relay);
    expect(told).toEqual([]);
  });

  it("carries megabytes both ways, unchanged, through small buffers, and ends with the client's stream", async () => {
    const relay = await openRelay();
    const { link } = await connectTo(relay);
    const client = await createClient(7);
    expect(sockets.io.join(link, 7)).toBe(true);
    await expect.poll(() => accepted.length).toBe(1);
    const far = accepted[0]!.resume();
    const pattern = Buffer.from(Array.from({ length: 3_000_017 }, (_, i) => i % 251));
    const collect = (socket: Socket): Promise<Buffer> => {
      const chunks: Buffer[] = [];
      let size = 0;
      return new Promise(resolve =>
        socket.on("data", (chunk: Buffer) => {
          chunks.push(chunk);
          size += chunk.length;
          if (size === pattern.length) resolve(Buffer.concat(chunks));
        }),
      );
    };
    far.write(pattern);
    client.write(pattern);
    const [up, down] = await Promise.all([collect(far), collect(client)]);
    expect(up.equals(pattern)).toBe(true);
    expect(down.equals(pattern)).toBe(true);
    expect(passed).toEqual({ up: pattern.length, down: pattern.length });
    client.write("goodbye");
    client.end();
    const [last] = (await once(far, "data")) as [Buffer];
    expect(last.toString()).toBe("goodbye");
    if (!far.closed) await once(far, "close");
    expect(closed).toEqual([link]);
  });

  it("holds back a sender whose receiver doesn't read, and one without budget", async () => {
    const relay = await openRelay();
    const { link } = await connectTo(relay);
    const client = await createClient(7);
    client.pause();
    sockets.io.join(link, 7);
    await expect.poll(() => accepted.length).toBe(1);
    const total = 64_000_000;
    accepted[0]!.write(Buffer.alloc(total));
    let seen = -1;
    await expect
      .poll(
        () => {
          const isStill = passed.down === seen;
          seen = passed.down;
          return isStill;
        },
        { interval: 100, timeout: 10_000 },
      )
      .toBe(true);
    // Kernel buffers take some; the rest waits at the sender.
    expect(seen).toBeLessThan(total / 2);
    budget = 1_000;
    client.resume();
    await expect.poll(() => budget < 0, { timeout: 10_000 }).toBe(true);
    const spent = passed.down;
    sockets.tick();
    expect(passed.down).toBe(spent);
    budget = Number.POSITIVE_INFINITY;
    sockets.tick();
    await expect.poll(() => passed.down, { timeout: 10_000 }).toBe(total);
  });

  it("ends both streams when it is dropped, and isn't joined to a client that is gone", async () => {
    const relay = await openRelay();
    const first = await connectTo(relay);
    expect(sockets.io.join(first.link, 99)).toBe(false);
    const client = await createClient(7);
    sockets.io.join(first.link, 7);
    sockets.io.drop(first.link);
    await once(client, "close");
    expect(closed).toEqual([]);
    const late = await createClient(8);
    expect(sockets.io.join(first.link, 8)).toBe(false);
    await once(late, "close");
  });
});

describe("a peer's connection", () => {
  it("is accepted or closed as the relay says, and waits to be joined", async () => {
    const relay = await openRelay();
    isWelcome = false;
    const stranger = connect(relay.port, "127.0.0.1");
    stranger.on("error", () => {});
    await once(stranger, "close");
    isWelcome = true;
    const guest = connect(relay.port, "127.0.0.1");
    loose.push(guest);
    await once(guest, "connect");
    guest.write("early");
    await expect.poll(() => links.length).toBe(1);
    expect(links[0]?.port).toBe((guest.address() as AddressInfo).port);
    const client = await createClient(7);
    sockets.io.join(links[0]!, 7);
    expect(String((await once(client, "data"))[0])).toBe("early");
    guest.destroy();
    await once(client, "close");
    expect(closed).toEqual(links);
  });

  it("can't be had where another program listens, even one that shares its ports", async () => {
    const other = createServer();
    other.listen({ port: 0, host: "127.0.0.1", reusePort: true });
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    expect(await new Promise(resolve => sockets.wrap({} as RelayIo).open(relayOn(port), resolve))).toBe(false);
    other.close();
  });

  it("finds nobody once the relay is closed", async () => {
    const relay = await openRelay();
    sockets.wrap({} as RelayIo).close(relay);
    const guest = connect(relay.port, "127.0.0.1");
    const [error] = (await once(guest, "error")) as [NodeJS.ErrnoException];
    expect(error.code).toBe("ECONNREFUSED");
  });
});
