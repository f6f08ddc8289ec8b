/**
 * Wrapping arithmetic of RTP. An *extended* sequence number is a double that never wraps:
 * `cycles * 65536 + number`. It stays exact for ages (2^53) and orders packets with plain `<`.
 */

/** The extended number nearest to `reference` whose low 16 bits are `sequence`. May be negative near zero. */
export function extendSequence(sequence: number, reference: number): number {
  return reference + sequenceDelta(sequence, reference);
}

/** Signed distance from `from` to `to`, both taken modulo 65536: -32768 to 32767. */
export function sequenceDelta(to: number, from: number): number {
  return ((to - from) << 16) >> 16;
}

/** Signed distance from `from` to `to` of two 32-bit timestamps, in clock units. */
export function timestampDelta(to: number, from: number): number {
  return (to - from) | 0;
}
