/**
 * A media worker's door for programs, on real sockets: WebSockets on a port of its own, encrypted where there is a certificate.
 * @module
 */
import type { Socket } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import type { Log } from "../../log.ts";
import { createConnectionLimits } from "../../net/connection-limits.ts";
import { listenTcp } from "../../net/tcp-listener.ts";
import { type Connection, openConnection } from "./connection.ts";
import type { BotDoor, BotGuest } from "./door.ts";

/** Connections at once, and of them those that haven't shaken hands. */
const MAX_CONNECTIONS = 1_024;
const MAX_STRANGERS = 128;
/** Strangers have so long (ms). */
const HANDSHAKE_TIME = 5_000;

export interface BotDoorOptions {
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  /** The URL of the door at a port. */
  readonly url: (port: number) => string;
  /** Asked for every connection; absent: they aren't encrypted. */
  readonly secureContext?: () => SecureContext;
  readonly now: () => number;
  readonly log: Log;
}

export interface OpenBotDoor extends BotDoor {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

/** Opens the door. @throws Error with `code` EADDRINUSE when the port is taken */
export async function openBotDoor(options: BotDoorOptions): Promise<OpenBotDoor> {
  const { address, secureContext, now, log } = options;
  const guests = new Map<string, BotGuest>();
  const connections = new Set<Connection>();
  const all = createConnectionLimits(MAX_CONNECTIONS, 0);
  const strangers = createConnectionLimits(MAX_STRANGERS, 0);

  function accept(socket: Socket): void {
    const from = socket.remoteAddress ?? "";
    if (!all.admit(from)) return void socket.destroy();
    if (!strangers.admit(from)) {
      all.leave(from);
      return void socket.destroy();
    }
    let strange = true;
    const settled = (): void => {
      if (!strange) return;
      strange = false;
      clearTimeout(timer);
      strangers.leave(from);
    };
    const stream = secureContext ? new TLSSocket(socket, { isServer: true, secureContext: secureContext() }) : socket;
    const timer = setTimeout(() => {
      stream.destroy();
      socket.destroy();
    }, HANDSHAKE_TIME);
    const connection = openConnection(stream, {
      now,
      settled,
      admit(token) {
        const guest = guests.get(token);
        guests.delete(token);
        return guest;
      },
      failed: error =>
        log.error("a program's connection failed", { error: error instanceof Error ? error.stack : error }),
      closed() {
        settled();
        connections.delete(connection);
        all.leave(from);
        socket.destroy();
      },
    });
    connections.add(connection);
    if (stream !== socket) socket.on("error", connection.destroy);
  }

  const listener = await listenTcp({ addresses: [address], port: options.port, onSocket: accept });
  return {
    port: listener.port,
    url: options.url(listener.port),
    expect: (token, guest) => void guests.set(token, guest),
    forget: token => void guests.delete(token),
    close() {
      listener.close();
      for (const connection of connections) connection.destroy();
    },
  };
}
