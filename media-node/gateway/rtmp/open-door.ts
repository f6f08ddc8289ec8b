/**
 * A media worker's door for encoders, on real sockets: RTMP on a port of its own, RTMPS where there is a certificate.
 * @module
 */
import type { SecureContext } from "node:tls";
import type { AacProvider } from "../../codec/aac.ts";
import type { Log } from "../../log.ts";
import { openStreamDoor } from "../stream-door.ts";
import { openConnection } from "./connection.ts";
import type { IngestGuest, RtmpDoor } from "./door.ts";

/** From the first byte to the key (ms): ten turns, of which a slow line needs half a second each. */
const HANDSHAKE_TIME = 10_000;
const MAX_STRANGERS_EACH = 16;

export interface RtmpDoorOptions {
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  /** The URL of the door at a port. */
  readonly url: (port: number) => string;
  /** Asked for every connection; absent: they aren't encrypted. */
  readonly secureContext?: () => SecureContext;
  /** Absent: there is none, and sound is left out. */
  readonly aac: AacProvider | undefined;
  readonly now: () => number;
  readonly log: Log;
}

export interface OpenRtmpDoor extends RtmpDoor {
  readonly port: number;
  /** Idempotent. */
  close(): void;
}

/** Opens the door. @throws Error with `code` EADDRINUSE when the port is taken */
export async function openRtmpDoor(options: RtmpDoorOptions): Promise<OpenRtmpDoor> {
  const { address, port, secureContext, aac, now, log } = options;
  const guests = new Map<string, IngestGuest>();
  const listener = await openStreamDoor({
    ...{ address, port, secureContext, patience: HANDSHAKE_TIME, maxStrangersEach: MAX_STRANGERS_EACH },
    open: (stream, host) =>
      openConnection(stream, {
        ...host,
        now,
        admit: key => guests.get(key),
        failed: error =>
          log.error("an encoder's connection failed", { error: error instanceof Error ? error.stack : error }),
      }),
  });
  return {
    port: listener.port,
    url: options.url(listener.port),
    aac,
    expect: (key, guest) => void guests.set(key, guest),
    forget: key => void guests.delete(key),
    close: listener.close,
  };
}
