import type { Socket } from "node:net";
import { createConnectionLimits } from "./connection-limits.ts";
import type { FrameCounters } from "./framed-connection.ts";
import { openTcpConnection, type TcpConnection, type TcpConnectionHost } from "./tcp-connection.ts";
import { type AcceptStream, listenTcp } from "./tcp-listener.ts";

/** Counts of one port since it was opened. */
export interface TcpCounters extends FrameCounters {
  accepted: number;
  /** Turned away: too many at once. */
  refused: number;
  /** Ended for newer ones, having proven nothing yet. */
  displaced: number;
  /** Ended since they began with nothing of ours, or announced a packet that is too long. */
  unknown: number;
  /** Ended since no session took them in time, or a packet was not finished in time. */
  late: number;
  /** Ended since nothing came. */
  idle: number;
}

export interface TcpPortOptions {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Where connections become paths: the UDP port of the same number. */
  readonly paths: TcpConnectionHost["paths"];
  /** A packet came. The bytes may be written and are the callee's until it returns. Times are `performance.now()`. */
  readonly onPacket: TcpConnectionHost["onPacket"];
  /** A path's connection is over: whoever retains the path must let it go. */
  readonly onClosed: (path: number) => void;
  /** Takes TURN clients; without it they are unknown. */
  readonly acceptTurn?: AcceptStream | undefined;
  /** Most connections, of them from one address, and of them that no session has taken. */
  readonly maxConnections?: number;
  readonly maxPerAddress?: number;
  readonly maxUnproven?: number;
}

/**
 * The TCP side of a media port: connections of ICE agents (RFC 6544, passive) are paths of the UDP port, on which a
 * session sends as on any other.
 */
export interface TcpPort {
  readonly port: number;
  readonly counters: Readonly<TcpCounters>;
  readonly connections: number;
  /** Ends connections whose time is up. To be called about once a second, with `performance.now()`. */
  tick(now: number): void;
  /** Ends all connections but those handed over, and listens no more; idempotent. */
  close(): void;
}

/** How long until a session has taken a connection, by a check that it could authenticate; and for one packet. */
const PROOF_LIMIT = 10_000;
const PACKET_LIMIT = 10_000;
/** RFC 7675: an agent that lives checks far more often. */
const IDLE_LIMIT = 30_000;
const MAX_UNSENT = 64 * 1_024;

/** @throws Error with `code` EADDRINUSE when the port is taken */
export async function openTcp(options: TcpPortOptions): Promise<TcpPort> {
  const { paths, onPacket, onClosed } = options;
  const { maxConnections = 4_096, maxPerAddress = 512, maxUnproven = 1_024 } = options;
  const counters: TcpCounters = {
    accepted: 0,
    refused: 0,
    displaced: 0,
    unknown: 0,
    late: 0,
    idle: 0,
    received: 0,
    sent: 0,
    dropped: 0,
  };
  const limits = createConnectionLimits(maxConnections, maxPerAddress);
  /** From the oldest on; those that a session was seen to have taken are in `proven` instead. */
  const unproven = new Set<TcpConnection>();
  const proven = new Set<TcpConnection>();

  const host: TcpConnectionHost = {
    paths,
    counters,
    onPacket,
    acceptTurn: options.acceptTurn,
    unknown: () => counters.unknown++,
    ended(connection, path) {
      unproven.delete(connection);
      proven.delete(connection);
      if (path >= 0) onClosed(path);
    },
  };

  function end(connection: TcpConnection, reason: "displaced" | "late" | "idle"): void {
    counters[reason]++;
    connection.end();
  }

  /** Whether a connection has become a session's; it is moved then. */
  function proves(connection: TcpConnection): boolean {
    if (!connection.isProven) return false;
    unproven.delete(connection);
    proven.add(connection);
    return true;
  }

  function makeRoom(): void {
    for (const connection of unproven) {
      if (unproven.size < maxUnproven) return;
      if (!proves(connection)) end(connection, "displaced");
    }
  }

  function accept(socket: Socket): void {
    const address = socket.remoteAddress ?? "";
    if (!limits.admit(address)) {
      counters.refused++;
      socket.destroy();
      return;
    }
    socket.once("close", () => limits.leave(address));
    counters.accepted++;
    makeRoom();
    unproven.add(openTcpConnection(socket, host));
  }

  const { addresses } = options;
  const listener = await listenTcp({ addresses, port: options.port, maxUnsent: MAX_UNSENT, onSocket: accept });
  return {
    port: listener.port,
    counters,
    get connections() {
      return limits.count;
    },
    tick(now) {
      for (const connection of unproven)
        if (!proves(connection) && now - connection.openedAt >= PROOF_LIMIT) end(connection, "late");
      for (const connection of proven) {
        const { partialSince, heardAt } = connection;
        if (partialSince > 0 && now - partialSince >= PACKET_LIMIT) end(connection, "late");
        else if (now - heardAt >= IDLE_LIMIT) end(connection, "idle");
        // Its session is over, or left it for good.
        else if (!connection.isTaken) connection.end();
      }
    },
    close() {
      for (const connection of [...unproven, ...proven]) connection.end();
      listener.close();
    },
  };
}
