/**
 * Cuts a TCP stream into STUN messages and ChannelData (RFC 8656 §12.5: padded to 4 bytes on streams). Memory is bounded
 * by the longest frame; bytes that begin nothing of ours end the connection.
 */
export interface Framer {
  /**
   * @param maxFrame longest frame taken now: less before a client has proven who it is
   * @returns false when the stream is not ours; no frame after that is delivered
   */
  push(chunk: Uint8Array, maxFrame: number): boolean;
  /** Whether a frame has begun and not ended. */
  readonly isPartial: boolean;
}

const NO_BYTES = new Uint8Array(0);

/** @param onFrame gets each whole frame; the bytes are its until it returns. False stops. */
export function createFramer(onFrame: (bytes: Uint8Array, offset: number, length: number) => boolean): Framer {
  let held = NO_BYTES;
  let count = 0;

  /** Length on the wire of the frame at `at`, 0 while it can't be told, -1 if it is none. */
  function frameLength(bytes: Uint8Array, at: number, end: number): number {
    if (at === end) return 0;
    const first = bytes[at]!;
    if (first >= 4 && (first < 0x40 || first >= 0x80)) return -1;
    if (end - at < 4) return 0;
    const length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    if (first < 4) return (length & 3) === 0 ? 20 + length : -1;
    return 4 + ((length + 3) & ~3);
  }

  function keep(bytes: Uint8Array, from: number, to: number): void {
    const length = to - from;
    if (count + length > held.length) {
      const larger = new Uint8Array(Math.max(512, 2 * held.length, count + length));
      larger.set(held.subarray(0, count));
      held = larger;
    }
    held.set(bytes.subarray(from, to), count);
    count += length;
  }

  /** Delivers what is whole in `bytes`; returns where the rest begins, or -1. */
  function deliver(bytes: Uint8Array, end: number, maxFrame: number): number {
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
