/**
 * Cuts a TCP stream into frames, however it arrives. Memory is bounded by the longest frame and what came with it; bytes
 * that begin no frame end the stream.
 */
export interface StreamFramer {
  /**
   * @param maxFrame longest frame taken now: less before a client has proven who it is
   * @returns false when the stream is not ours; no frame after that is delivered
   */
  push(chunk: Buffer, maxFrame: number): boolean;
  /** Whether a frame has begun and not ended. */
  readonly isPartial: boolean;
}

/** Length on the wire of the frame at `at`, 0 while it can't be told, -1 if it is none. */
export type FrameLength = (bytes: Buffer, at: number, end: number) => number;

const NO_BYTES = Buffer.alloc(0);
const LEAST_HELD = 512;

/** @param onFrame gets each whole frame; the bytes are its until it returns. False stops. */
export function createStreamFramer(
  frameLength: FrameLength,
  onFrame: (bytes: Buffer, offset: number, length: number) => boolean,
): StreamFramer {
  let held = NO_BYTES;
  let count = 0;

  function keep(bytes: Buffer, from: number, to: number): void {
    const length = to - from;
    if (count + length > held.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(LEAST_HELD, 2 * held.length, count + length));
      larger.set(held.subarray(0, count));
      held = larger;
    }
    held.set(bytes.subarray(from, to), count);
    count += length;
  }

  /** Delivers what is whole in `bytes`; returns where the rest begins, or -1. */
  function deliver(bytes: Buffer, end: number, maxFrame: number): number {
    let at = 0;
    for (;;) {
      const length = frameLength(bytes, at, end);
      if (length < 0 || length > maxFrame) return -1;
      if (length === 0 || length > end - at) return at;
      if (!onFrame(bytes, at, length)) return -1;
      at += length;
    }
  }

  return {
    get isPartial() {
      return count > 0;
    },
    push(chunk, maxFrame) {
      if (count === 0) {
        const rest = deliver(chunk, chunk.length, maxFrame);
        if (rest < 0) return false;
        if (rest < chunk.length) keep(chunk, rest, chunk.length);
        return true;
      }
      keep(chunk, 0, chunk.length);
      const rest = deliver(held, count, maxFrame);
      if (rest < 0) return false;
      held.copyWithin(0, rest, count);
      count -= rest;
      if (count === 0) held = NO_BYTES;
      return true;
    },
  };
}
