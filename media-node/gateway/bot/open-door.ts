/**
 * A media worker's door for programs, on real sockets: WebSockets on a port of its own, encrypted where there is a certificate.
 * @module
 */
import type { SecureContext } from "node:tls";
import type { Log } from "../../log.ts";
import { openStreamDoor } from "../stream-door.ts";
import { openConnection } from "./connection.ts";
import type { BotDoor, BotGuest } from "./door.ts";

/** Strangers have so long (ms) to shake hands. */
const HANDSHAKE_TIME = 5_000;
/** Of them from one address: whoever dials and says nothing must not keep others out. */
const MAX_STRANGERS_EACH = 32;

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
  const { address, port, secureContext, now, log } = options;
  const guests = new Map<string, BotGuest>();
  const listener = await openStreamDoor({
    ...{ address, port, secureContext, patience: HANDSHAKE_TIME, maxStrangersEach: MAX_STRANGERS_EACH },
    open: (stream, host) =>
      openConnection(stream, {
        ...host,
        now,
        admit(token) {
          const guest = guests.get(token);
          guests.delete(token);
          return guest;
        },
        failed: error =>
          log.error("a program's connection failed", { error: error instanceof Error ? error.stack : error }),
      }),
  });
  return {
    port: listener.port,
    url: options.url(listener.port),
    expect: (token, guest) => void guests.set(token, guest),
    forget: token => void guests.delete(token),
    close: listener.close,
  };
}
