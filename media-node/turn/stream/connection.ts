import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { createFramer } from "./framer.ts";

/** Longest frame before the client has an allocation: a request with every attribute fits. */
const MAX_EARLY_FRAME = 2048;
/** Longest frame at all: a Send indication with a full datagram. */
const MAX_FRAME = 65_535 + 20 + 4;
/** A client that reads slower than its peers send loses packets, not our memory. */
const MAX_QUEUED = 512 * 1024;
/** First byte of a TLS handshake record (RFC 8446 §5.1). */
const TLS_HANDSHAKE = 0x16;

export interface ConnectionHost {
  /** The context of new TLS connections; undefined: none are taken. */
  secureContext(): SecureContext | undefined;
  frame(connection: Connection, bytes: Uint8Array, offset: number, length: number): void;
  closed(connection: Connection): void;
  hasAllocation(connection: Connection): boolean;
}

/** One client's TCP or TLS connection. */
export interface Connection {
  readonly client: number;
  readonly kind: "tcp" | "tls";
  readonly address: string;
  readonly port: number;
  /** When it was opened or last had an allocation, in milliseconds. */
  idleSince: number;
  /** Since when a frame, or a TLS handshake with the first frame behind it, is under way; 0: none is. */
  partialSince: number;
  /** Sends a copy of the bytes; false if they were dropped since the client doesn't read. */
  write(bytes: Uint8Array): boolean;
  /** Its stream was given away. */
  readonly isGiven: boolean;
  /** Gives the stream away, with what it still has to send: from now on the connection only counts, until it ends. */
  handOver(): Socket;
  destroy(): void;
}

/** Takes an accepted socket: finds out by its first byte whether it is TLS, cuts frames, reports its end once. */
export function openConnection(socket: Socket, client: number, host: ConnectionHost, now: () => number): Connection {
  let stream: Socket = socket;
  let kind: "tcp" | "tls" = "tcp";
  let isOver = false;
  let isGiven = false;
  const queue: Buffer[] = [];
  let queued = 0;
  let isWriting = false;

  const connection: Connection = {
    client,
    get kind() {
      return kind;
    },
    address: socket.remoteAddress ?? "",
    port: socket.remotePort ?? 0,
    idleSince: now(),
    partialSince: 0,
    write(bytes) {
      if (isOver || queued + stream.writableLength > MAX_QUEUED) return false;
      const copy = Buffer.from(bytes);
      if (kind === "tcp") stream.write(copy);
      else {
        queue.push(copy);
        queued += copy.length;
        if (!isWriting) writeNext();
      }
      return true;
    },
    get isGiven() {
      return isGiven;
    },
    handOver() {
      isGiven = true;
      for (const each of queue.splice(0)) stream.write(each);
      stream.off("data", receive);
      socket.off("end", destroy);
      return stream;
    },
    destroy,
  };

  /**
   * Over TLS one message at a time: joined writes become one record, and turnutils_uclient, which knows coturn's habit of
   * one record a message, takes only the first of a record (2026-11-24).
   */
  function writeNext(): void {
    const next = queue.shift();
    isWriting = next !== undefined;
    if (!next) return;
    queued -= next.length;
    stream.write(next, writeNext);
  }

  let hasFrame = false;
  const framer = createFramer((bytes, offset, length) => {
    // Bytes that didn't wait for the answer which gives the stream away: whose are they?
    if (isGiven) return false;
    hasFrame = true;
    host.frame(connection, bytes, offset, length);
    return !isOver;
  });

  function destroy(): void {
    if (isOver) return;
    isOver = true;
    stream.destroy();
    socket.destroy();
    host.closed(connection);
  }

  function receive(chunk: Buffer): void {
    if (isOver) return;
    hasFrame = false;
    if (!framer.push(chunk, host.hasAllocation(connection) ? MAX_FRAME : MAX_EARLY_FRAME)) {
      destroy();
      return;
    }
    if (isGiven && framer.isPartial) destroy();
    if (!framer.isPartial) connection.partialSince = 0;
    else if (hasFrame || connection.partialSince === 0) connection.partialSince = now();
  }

  function sniff(first: Buffer): void {
    if (first[0] !== TLS_HANDSHAKE) {
      socket.on("data", receive);
      receive(first);
      return;
    }
    const secureContext = host.secureContext();
    if (!secureContext) {
      destroy();
      return;
    }
    kind = "tls";
    connection.partialSince = now();
    socket.pause();
    socket.unshift(first);
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    stream = secure;
    secure.on("data", receive);
    secure.on("error", destroy);
    secure.on("close", destroy);
  }

  socket.setNoDelay(true);
  socket.once("data", sniff);
  socket.on("error", destroy);
  socket.on("end", destroy);
  socket.on("close", destroy);
  return connection;
}
