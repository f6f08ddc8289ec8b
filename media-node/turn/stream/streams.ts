import type { Socket } from "node:net";
import type { SecureContext } from "node:tls";
import { createConnectionLimits } from "../../net/connection-limits.ts";
import { type AcceptStream, listenTcp, type TcpListener } from "../../net/tcp-listener.ts";
import type { ClientTransport } from "../io.ts";
import type { TurnInlet } from "../server.ts";
import { type Connection, openConnection } from "./connection.ts";

export interface StreamsOptions {
  readonly addresses: readonly string[];
  /** TLS and plain are told apart on each of them. */
  readonly ports: readonly number[];
  /** Undefined while there is no certificate: TLS connections are closed then. */
  readonly secureContext: () => SecureContext | undefined;
  readonly maxConnections: number;
  readonly maxPerAddress: number;
  /** Workers share the ports. */
  readonly reusePort: boolean;
  /** Takes a transport and returns where its frames go. */
  readonly attach: (transport: ClientTransport) => TurnInlet;
  /** Called before frames are handed on. Returns the time. */
  readonly begin: () => number;
}

export interface StreamCounters {
  accepted: number;
  /** Turned away: too many at once. */
  refused: number;
  /** Ended by us: no allocation, or a frame not finished, in time. */
  idle: number;
  /** Messages for clients that don't read. */
  dropped: number;
}

export interface Streams {
  readonly counters: StreamCounters;
  readonly connections: number;
  /** The ports that it listens on, in the order of `ports`. */
  readonly ports: readonly number[];
  /** Takes a connection that came to another port and turned out to be a TURN client's. */
  readonly accept: AcceptStream;
  /** Gives a client's stream away: it is none of our clients any more, but counts as a connection. */
  handOver(client: number): Socket | undefined;
  /** Ends what is idle; to be called about once a second. */
  tick(now: number): void;
  close(): Promise<void>;
}

/** How long a connection may live without an allocation, and a frame may be under way. */
const IDLE_LIMIT = 30_000;
const FRAME_LIMIT = 10_000;
/** Room for any message to a client. */
const SLAB_BYTES = 72 * 1024;

/** Listens for TCP and TLS clients. @throws Error with `code` EADDRINUSE when a port is taken */
export async function openStreams(options: StreamsOptions): Promise<Streams> {
  const { addresses, reusePort, attach, begin } = options;
  const counters: StreamCounters = { accepted: 0, refused: 0, idle: 0, dropped: 0 };
  const connections: (Connection | undefined)[] = [];
  const unused: number[] = [];
  const limits = createConnectionLimits(options.maxConnections, options.maxPerAddress);
  const slab = new Uint8Array(SLAB_BYTES);
  /** Clients that came to another port. */
  const taken = new Set<number>();

  const transportOf = (kind: "tcp" | "tls"): ClientTransport => ({
    kind,
    slab,
    reserve: () => 0,
    commit(client, length) {
      if (!connections[client]?.write(slab.subarray(0, length))) counters.dropped++;
    },
    retain() {},
    release(client) {
      const connection = connections[client];
      if (connection) connection.idleSince = performance.now();
    },
    addressOf: client => connections[client]?.address ?? "",
    portOf: client => connections[client]?.port ?? 0,
    stays: client => taken.has(client),
  });
  const inlets = { tcp: attach(transportOf("tcp")), tls: attach(transportOf("tls")) };

  function open(socket: Socket, isTaken: boolean): void {
    if (!limits.admit(socket.remoteAddress ?? "")) {
      counters.refused++;
      socket.destroy();
      return;
    }
    counters.accepted++;
    const client = unused.pop() ?? connections.length;
    if (isTaken) taken.add(client);
    connections[client] = openConnection(socket, client, host, () => performance.now());
  }

  const host: Parameters<typeof openConnection>[2] = {
    secureContext: options.secureContext,
    frame(connection, bytes, offset, length) {
      inlets[connection.kind].receive(connection.client, bytes, offset, length, begin());
    },
    hasAllocation: connection => inlets[connection.kind].hasAllocation(connection.client),
    closed(connection) {
      const { client, kind, address } = connection;
      inlets[kind].closed(client, begin());
      connections[client] = undefined;
      taken.delete(client);
      unused.push(client);
      limits.leave(address);
    },
  };

  const listeners: TcpListener[] = [];
  async function close(): Promise<void> {
    for (const connection of connections) connection?.destroy();
    for (const listener of listeners) listener.close();
  }
  try {
    for (const port of options.ports)
      listeners.push(await listenTcp({ addresses, port, reusePort, onSocket: socket => open(socket, false) }));
  } catch (error) {
    await close();
    throw error;
  }

  return {
    counters,
    get connections() {
      return limits.count;
    },
    ports: listeners.map(({ port }) => port),
    accept: socket => open(socket, true),
    handOver: client => connections[client]?.handOver(),
    tick(now) {
      for (const connection of connections) {
        if (!connection || connection.isGiven) continue;
        const isStuck = connection.partialSince > 0 && now - connection.partialSince > FRAME_LIMIT;
        const isIdle = !host.hasAllocation(connection) && now - connection.idleSince > IDLE_LIMIT;
        if (!isStuck && !isIdle) continue;
        counters.idle++;
        connection.destroy();
      }
    },
    close,
  };
}
