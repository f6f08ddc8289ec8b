import { once } from "node:events";
import { type AddressInfo, connect, createServer, isIP, type Server, type Socket } from "node:net";
import { connect as connectTls, type SecureContext } from "node:tls";
import type { SipFlow } from "../transport/flow.ts";
import { type Connection, openConnection } from "./connection.ts";

export interface SipStreamsOptions {
  /** IP address to listen at. */
  readonly address: string;
  /** 0: any. TCP, TLS and WebSockets are told apart on each of them. */
  readonly ports: readonly number[];
  secureContext(): SecureContext | undefined;
  /** Certificates that servers we connect to may be signed by, instead of the usual ones. */
  readonly authorities?: string | undefined;
  readonly maxConnections: number;
  readonly maxPerAddress: number;
  now(): number;
  message(flow: SipFlow, bytes: Uint8Array): void;
  /** A keep-alive is answered. */
  pong(flow: SipFlow): void;
  /** A connection is over. */
  failed(flow: SipFlow): void;
}

/** TCP, TLS and WebSocket connections, those that came in and those that we made. */
export interface SipStreams {
  readonly ports: readonly number[];
  send(flow: SipFlow, bytes: Uint8Array): boolean;
  /** Ends what is idle; to be called about once a second. */
  sweep(): void;
  close(): Promise<void>;
}

const CONNECT_LIMIT = 5_000;
/** How long until the first message, until a message is whole, and without any message at all. */
const PROOF_LIMIT = 30_000;
const MESSAGE_LIMIT = 10_000;
const IDLE_LIMIT = 20 * 60_000;

/** Listens. @throws Error with `code` EADDRINUSE when a port is taken */
export async function openSipStreams(options: SipStreamsOptions): Promise<SipStreams> {
  const { maxConnections, maxPerAddress, now } = options;
  const connections = new Map<number, Connection>();
  /** Those that we made, by where they lead. */
  const made = new Map<string, Connection>();
  const perAddress = new Map<string, number>();
  let lastId = 0;

  function flowOf({ transport, address, port, id }: Connection): SipFlow {
    return { transport, address, port, connection: id };
  }

  function adopt(
    socket: Socket,
    peer: { readonly address: string; readonly port: number },
    closed: (connection: Connection) => void,
    known?: "tcp" | "tls",
  ): Connection {
    const connection = openConnection(
      socket,
      {
        ...peer,
        id: ++lastId,
        now,
        secureContext: options.secureContext,
        message: (from, bytes) => options.message(flowOf(from), bytes),
        pong: from => options.pong(flowOf(from)),
        closed(over) {
          connections.delete(over.id);
          closed(over);
        },
      },
      known,
    );
    connections.set(connection.id, connection);
    return connection;
  }

  function accept(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    const count = perAddress.get(address) ?? 0;
    if (address === "" || connections.size >= maxConnections || count >= maxPerAddress) {
      socket.destroy();
      return;
    }
    perAddress.set(address, count + 1);
    adopt(socket, { address, port: socket.remotePort ?? 0 }, connection => {
      const left = perAddress.get(address)! - 1;
      if (left === 0) perAddress.delete(address);
      else perAddress.set(address, left);
      options.failed(flowOf(connection));
    });
  }

  /** A connection of ours to that flow, made if there is none. */
  function reach({ transport, address, port, host }: SipFlow): Connection | undefined {
    const key = `${transport} ${address} ${port} ${host ?? ""}`;
    const known = made.get(key);
    if (known || (transport !== "tcp" && transport !== "tls") || connections.size >= maxConnections) return known;
    const socket = transport === "tcp" ? connect({ host: address, port }) : secure(address, port, host);
    socket.setTimeout(CONNECT_LIMIT, () => socket.destroy());
    socket.once(transport === "tcp" ? "connect" : "secureConnect", () => socket.setTimeout(0));
    const connection = adopt(
      socket,
      { address, port },
      lost => {
        made.delete(key);
        options.failed(flowOf(lost));
      },
      transport,
    );
    made.set(key, connection);
    return connection;
  }

  function secure(address: string, port: number, host = address): Socket {
    return connectTls({
      host: address,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      ...(options.authorities !== undefined && { ca: options.authorities }),
      minVersion: "TLSv1.2",
    });
  }

  const servers: Server[] = [];
  async function close(): Promise<void> {
    for (const connection of [...connections.values()]) connection.destroy();
    await Promise.all(servers.map(server => new Promise<void>(resolve => server.close(() => resolve()))));
  }
  try {
    for (const port of options.ports) {
      const server = createServer({ noDelay: true }, accept);
      servers.push(server);
      server.listen({ host: options.address, port, ipv6Only: options.address.includes(":") });
      await once(server, "listening");
    }
  } catch (error) {
    await close();
    throw error;
  }

  return {
    ports: servers.map(server => (server.address() as AddressInfo).port),
    send(flow, bytes) {
      const connection = flow.connection === 0 ? reach(flow) : connections.get(flow.connection);
      return connection?.write(bytes) ?? false;
    },
    sweep() {
      const time = now();
      for (const connection of [...connections.values()]) {
        const { usedAt, partialSince, isProven } = connection;
        const isStuck = partialSince > 0 && time - partialSince > MESSAGE_LIMIT;
        if (isStuck || time - usedAt > (isProven ? IDLE_LIMIT : PROOF_LIMIT)) connection.destroy();
      }
    },
    close,
  };
}
