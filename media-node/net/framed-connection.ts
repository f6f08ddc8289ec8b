import type { Carrier } from "./path-table.ts";
import { createStreamFramer, type FrameLength } from "./stream-framer.ts";

/** Longest packet taken in a frame: more than any MTU lets a WebRTC packet be. */
export const MAX_FRAME = 2_048;
/**
 * Bytes that may wait for a peer that reads slowly. Beyond them it loses packets, as it would over UDP: that is less than a
 * second of media, and no memory of ours.
 */
export const MAX_QUEUED = 256 * 1_024;
const HEADER = 2;

/** As much of a socket as frames are written to. */
export interface FrameWriter {
  readonly writableLength: number;
  write(bytes: Buffer): unknown;
}

/** Counts of all connections of a port. */
export interface FrameCounters {
  /** Packets that came, and that were written. */
  received: number;
  sent: number;
  /** Packets that found the queue of a slow reader full. */
  dropped: number;
}

/** Packets over a stream, each behind its length in 16 bits (RFC 4571 §2). */
export interface FramedConnection {
  /** Since when a packet is under way; 0: none is. */
  readonly partialSince: number;
  /** @returns false when the stream is to be ended: a packet is too long, or its taker refused one */
  receive(chunk: Buffer, now: number): boolean;
  /** Frames a run and writes it, whole or not at all. */
  readonly send: Carrier;
}

const frameLength: FrameLength = (bytes, at, end) =>
  end - at < HEADER ? 0 : HEADER + ((bytes[at]! << 8) | bytes[at + 1]!);

/** @param onPacket gets each packet; the bytes are its until it returns, and it may write to them. False stops. */
export function createFramedConnection(
  writer: FrameWriter,
  counters: FrameCounters,
  onPacket: (bytes: Buffer, offset: number, length: number) => boolean,
): FramedConnection {
  let partialSince = 0;
  let hasPacket = false;
  const framer = createStreamFramer(frameLength, (bytes, offset, length) => {
    hasPacket = true;
    counters.received++;
    return onPacket(bytes, offset + HEADER, length - HEADER);
  });

  return {
    get partialSince() {
      return partialSince;
    },
    receive(chunk, now) {
      hasPacket = false;
      if (!framer.push(chunk, HEADER + MAX_FRAME)) return false;
      if (!framer.isPartial) partialSince = 0;
      else if (hasPacket || partialSince === 0) partialSince = now;
      return true;
    },
    send(bytes, offset, length, segmentSize) {
      const count = Math.ceil(length / segmentSize);
      const total = length + HEADER * count;
      if (writer.writableLength + total > MAX_QUEUED) {
        counters.dropped += count;
        return;
      }
      const frames = Buffer.allocUnsafe(total);
      const end = offset + length;
      for (let from = offset, at = 0; from < end; from += segmentSize) {
        const to = Math.min(from + segmentSize, end);
        at = frames.writeUInt16BE(to - from, at);
        frames.set(bytes.subarray(from, to), at);
        at += to - from;
      }
      counters.sent += count;
      writer.write(frames);
    },
  };
}
