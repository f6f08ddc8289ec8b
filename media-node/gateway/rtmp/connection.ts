import type { Socket } from "node:net";
import type { Visit, VisitHost } from "../stream-door.ts";
import type { IngestChannel, IngestGuest } from "./door.ts";
import { createRtmpProtocol } from "./protocol.ts";

/** What we say is short: whoever doesn't read so much (bytes) reads nothing. */
const MAX_UNREAD = 64 * 1024;
/** What is still unsent when a connection is closed has so long (ms) to go. */
const LINGER = 1_000;

export interface ConnectionHost extends VisitHost {
  now(): number;
  /** The guest that a key lets in. */
  admit(key: string): IngestGuest | undefined;
  /** A defect of ours, which ends this connection alone. */
  failed(error: unknown): void;
}

/** Takes over a stream, encrypted or not, from its first byte on. */
export function openConnection(stream: Socket, host: ConnectionHost): Visit {
  let guest: IngestGuest | undefined;
  let finished = false;
  let over = false;

  const protocol = createRtmpProtocol({
    send(bytes) {
      if (over) return;
      if (stream.writableLength > MAX_UNREAD) stream.destroy();
      else stream.write(bytes);
    },
    publish(key) {
      const wanted = host.admit(key);
      if (wanted === undefined) return "no such stream key";
      if (!wanted.connected(channel, host.now())) return "another encoder sends with this stream key";
      guest = wanted;
      host.settled();
      return undefined;
    },
    audio: (bytes, length, timestamp) => guest?.audio(bytes, length, timestamp, host.now()),
    video: (bytes, length, timestamp) => guest?.video(bytes, length, timestamp, host.now()),
    finished() {
      finished = true;
    },
  });

  const channel: IngestChannel = {
    refuse(code, why) {
      guest = undefined;
      protocol.refuse(code, why);
      end();
    },
    close() {
      guest = undefined;
      end();
    },
  };

  /** What was said may still go. */
  function end(): void {
    if (over) return;
    over = true;
    host.settled();
    stream.off("data", receive);
    stream.resume();
    stream.end();
    const timer = setTimeout(() => stream.destroy(), LINGER);
    stream.once("close", () => clearTimeout(timer));
  }

  /** Its guest hears of the end, once. */
  function part(): void {
    const told = guest;
    guest = undefined;
    told?.disconnected(finished, host.now());
  }

  function receive(bytes: Uint8Array): void {
    try {
      if (protocol.push(bytes)) return;
      part();
      end();
    } catch (error) {
      host.failed(error);
      stream.destroy();
    }
  }

  stream.on("data", receive);
  stream.on("error", () => stream.destroy());
  stream.once("close", () => {
    over = true;
    part();
    host.closed();
  });
  return { destroy: () => void stream.destroy() };
}
