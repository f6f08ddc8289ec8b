/** First ceiling after the immediate retry. */
const BASE = 400;
const CAP = 10_000;

/**
 * How long to wait before the attempt after `failed` failures in a row, in ms: nothing at first, then full jitter under
 * a doubling ceiling. One deploy drops every room at once, so the jitter is what keeps the returning crowd apart.
 */
export const retryDelay = (failed: number, random: () => number): number =>
  failed === 0 ? 0 : random() * Math.min(CAP, BASE * 2 ** (failed - 1));
