import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { SipTransport } from "../transport/flow.ts";
import { createStreamFramer } from "../transport/stream-framer.ts";
import { createWebSocketReader, isHandshake, messageFrame, readHandshake } from "../transport/websocket.ts";

/** A peer that doesn't read loses its connection, not our memory. */
const MAX_QUEUED = 1024 * 1024;
/** First byte of a TLS handshake record (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;
const PONG = Buffer.from("\r\n");

/** One TCP, TLS or WebSocket connection. */
export interface Connection {
  readonly id: number;
  readonly transport: SipTransport;
  readonly address: string;
  readonly port: number;
  /** When a message last came or went, and since when one is incomplete (0: none is); milliseconds. */
  usedAt: number;
  partialSince: number;
  /** Whether a whole message has ever come. */
  readonly isProven: boolean;
  /** False if it is over, or its peer doesn't read. */
  write(message: Uint8Array): boolean;
  destroy(): void;
}

export interface ConnectionHost {
  readonly id: number;
  /** The other end. */
  readonly address: string;
  readonly port: number;
  now(): number;
  /** The context of TLS connections that come in; undefined: none are taken. */
  secureContext(): SecureContext | undefined;
  message(connection: Connection, bytes: Uint8Array): void;
  /** A keep-alive of ours is answered. */
  pong(connection: Connection): void;
  /** Told once, however it ended. */
  closed(connection: Connection): void;
}

/**
 * Takes a socket, accepted or connecting.
 * @param transport of one that we opened; undefined: to be told by its first bytes
 */
export function openConnection(socket: Socket, host: ConnectionHost, known?: "tcp" | "tls"): Connection {
  let stream = socket;
  let transport: SipTransport = known ?? "tcp";
  let take: (bytes: Uint8Array) => boolean = known === undefined ? sniff : frames();
  let isOver = false;
  let isProven = known !== undefined;

  const connection: Connection = {
    id: host.id,
    get transport() {
      return transport;
    },
    address: host.address,
    port: host.port,
    usedAt: host.now(),
    partialSince: 0,
    get isProven() {
      return isProven;
    },
    write(message) {
      if (isOver) return false;
      if (stream.writableLength > MAX_QUEUED) {
        destroy();
        return false;
      }
      connection.usedAt = host.now();
      stream.write(transport === "ws" || transport === "wss" ? messageFrame(message) : message);
      return true;
    },
    destroy,
  };

  function destroy(): void {
    if (isOver) return;
    isOver = true;
    stream.destroy();
    socket.destroy();
    host.closed(connection);
  }

  function deliver(bytes: Uint8Array): boolean {
    isProven = true;
    connection.usedAt = host.now();
    host.message(connection, bytes);
    return !isOver;
  }

  function frames(): typeof take {
    const framer = createStreamFramer({
      message: deliver,
      ping: () => stream.write(PONG),
      pong: () => host.pong(connection),
    });
    return bytes => {
      if (!framer.push(bytes)) return false;
      if (!framer.isPartial) connection.partialSince = 0;
      else if (connection.partialSince === 0) connection.partialSince = host.now();
      return true;
    };
  }

  function handshake(): typeof take {
    let held = Buffer.alloc(0);
    return bytes => {
      held = Buffer.concat([held, bytes]);
      const result = readHandshake(held);
      if (result.kind === "incomplete") return true;
      if (result.kind === "refused") {
        stream.end(result.answer);
        take = () => true;
        return true;
      }
      stream.write(result.answer);
      transport = stream instanceof TLSSocket ? "wss" : "ws";
      const reader = createWebSocketReader({ message: deliver, reply: reply => stream.write(reply) });
      take = reader.push;
      return result.rest.length === 0 || take(result.rest);
    };
  }

  /** The first bytes tell: TLS, a WebSocket, or SIP itself. */
  function sniff(first: Uint8Array): boolean {
    if (first[0] === TLS_HANDSHAKE && stream === socket) return startTls(first);
    take = isHandshake(first) ? handshake() : frames();
    return take(first);
  }

  function startTls(first: Uint8Array): boolean {
    const secureContext = host.secureContext();
    if (!secureContext) return false;
    transport = "tls";
    socket.off("data", receive);
    socket.pause();
    socket.unshift(first);
    stream = new TLSSocket(socket, { isServer: true, secureContext });
    stream.on("data", receive);
    stream.on("error", destroy);
    stream.on("close", destroy);
    return true;
  }

  function receive(chunk: Uint8Array): void {
    if (!isOver && !take(chunk)) destroy();
  }

  socket.setNoDelay(true);
  socket.on("data", receive);
  socket.on("error", destroy);
  socket.on("end", destroy);
  socket.on("close", destroy);
  return connection;
}
