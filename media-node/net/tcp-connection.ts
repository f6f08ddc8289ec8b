import type { Socket } from "node:net";
import { createFramedConnection, type FrameCounters, type FramedConnection } from "./framed-connection.ts";
import { StreamKind, streamKind } from "./stream-kind.ts";
import type { AcceptStream } from "./tcp-listener.ts";
import type { UdpPort } from "./udp-port.ts";

/** What a connection uses of its port. */
export interface TcpConnectionHost {
  readonly paths: Pick<UdpPort, "carriedPath" | "release" | "holdersOf" | "enterTurn">;
  readonly counters: FrameCounters;
  onPacket(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  /** Takes TURN clients; absent: they are unknown. */
  readonly acceptTurn: AcceptStream | undefined;
  /** It began with nothing of ours, or announced a packet that is too long. `ended` follows. */
  unknown(): void;
  /** It is over, or handed over. */
  ended(connection: TcpConnection, path: number): void;
}

/** A connection to a media port, of whatever kind it turns out to be. */
export interface TcpConnection {
  readonly openedAt: number;
  readonly heardAt: number;
  /** Since when a packet is under way; 0: none is. */
  readonly partialSince: number;
  /** A session has its path, or has had it. */
  readonly isProven: boolean;
  readonly isTaken: boolean;
  /** Idempotent. */
  end(): void;
}

/** Takes an accepted socket: finds out what it is, makes ICE agents' a path, reports its end once. */
export function openTcpConnection(socket: Socket, host: TcpConnectionHost): TcpConnection {
  const { paths, acceptTurn } = host;
  const openedAt = performance.now();
  let heardAt = openedAt;
  let path = -1;
  let framed: FramedConnection | undefined;
  /** What came before it could be told what this is. */
  let head: Buffer | undefined;
  let isProven = false;
  let isOver = false;

  const connection: TcpConnection = {
    openedAt,
    get heardAt() {
      return heardAt;
    },
    get partialSince() {
      return framed?.partialSince ?? 0;
    },
    get isProven() {
      return isProven;
    },
    get isTaken() {
      // Its maker holds it, too.
      return path >= 0 && paths.holdersOf(path) > 1;
    },
    end() {
      if (!leave()) return;
      socket.destroy();
      if (path >= 0) paths.release(path);
    },
  };

  function leave(): boolean {
    if (isOver) return false;
    isOver = true;
    socket.off("data", receive);
    host.ended(connection, path);
    return true;
  }

  function refuse(): void {
    if (isOver) return;
    host.unknown();
    connection.end();
  }

  function handOver(first: Buffer, to: AcceptStream): void {
    leave();
    socket.off("end", connection.end);
    socket.pause();
    socket.unshift(first);
    to(socket);
    // In a turn of its own: by then its new owner listens.
    socket.resume();
  }

  /** @returns the frames of an ICE agent; undefined when it is none, or none yet */
  function identify(bytes: Buffer): FramedConnection | undefined {
    const kind = streamKind(bytes);
    if (kind === StreamKind.undecided) head = bytes;
    else if (kind === StreamKind.turn && acceptTurn) handOver(bytes, acceptTurn);
    else if (kind === StreamKind.ice) {
      const frames = createFramedConnection(socket, host.counters, (packet, offset, length) => {
        host.onPacket(packet, offset, length, path, heardAt);
        return !isOver;
      });
      path = paths.carriedPath(socket.remoteAddress ?? "", socket.remotePort ?? 0, frames.send);
      if (path < 0) connection.end();
      else return frames;
    } else refuse();
    return undefined;
  }

  function receive(chunk: Buffer): void {
    heardAt = paths.enterTurn();
    const bytes = head ? Buffer.concat([head, chunk]) : chunk;
    framed ??= identify(bytes);
    if (!framed) return;
    head = undefined;
    if (!framed.receive(bytes, heardAt)) refuse();
    else isProven ||= connection.isTaken;
  }

  socket.on("data", receive);
  socket.on("error", () => {});
  socket.on("end", connection.end);
  socket.on("close", connection.end);
  return connection;
}
