import { readUint16 } from "../../rtp/bytes.ts";

/** Keys by their event codes (RFC 4733 §3.2). */
export const DTMF_KEYS = "0123456789*#ABCD";
/** An event, volume and duration. */
const EVENT_BYTES = 4;
/** Events whose packets may still come, late or a second time. */
const REMEMBERED = 8;
/** Nobody presses more keys in a second. */
const MAX_PER_SECOND = 25;

/** Keys that a telephone sends as events (RFC 4733). */
export interface DigitsIn {
  /**
   * Takes an event's packet. All packets of one event have one timestamp, and any of them tells it: the marker bit, which
   * providers leave out, counts for nothing, nor does it matter which of them got lost.
   * @returns the key, once for each event
   */
  receive(
    ssrc: number,
    timestamp: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: number,
  ): string | undefined;
}

export function createDigitsIn(): DigitsIn {
  const known = new Float64Array(REMEMBERED).fill(-1);
  let next = 0;
  let source = -1;
  let second = 0;
  let count = 0;
  return {
    receive(ssrc, timestamp, bytes, offset, length, now) {
      if (length < EVENT_BYTES) return undefined;
      const key = DTMF_KEYS[bytes[offset]!];
      // A duration of nothing is a sign of nothing yet (§2.5.1.2 has it for events too long for one packet only).
      if (key === undefined || (readUint16(bytes, offset + 2) === 0 && (bytes[offset + 1]! & 0x80) !== 0))
        return undefined;
      if (ssrc !== source) known.fill(-1);
      source = ssrc;
      if (known.includes(timestamp)) return undefined;
      known[next] = timestamp;
      next = (next + 1) % REMEMBERED;
      if (now - second >= 1_000) {
        second = now;
        count = 0;
      }
      return ++count > MAX_PER_SECOND ? undefined : key;
    },
  };
}
