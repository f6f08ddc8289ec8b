/**
 * When to dial again: at once after a working link, then with full jitter over a doubling span, so that a fleet that lost
 * its edge in one moment does not come back in one.
 */
export interface Backoff {
  /** Milliseconds until the next attempt. */
  next(): number;
  /** The link works: the next loss is answered at once. */
  reset(): void;
}

export function createBackoff({ base = 250, cap = 15_000, random = Math.random } = {}): Backoff {
  let failures = 0;
  return {
    next() {
      const span = failures === 0 ? 0 : Math.min(cap, base * 2 ** (failures - 1));
      failures++;
      return Math.round(random() * span);
    },
    reset() {
      failures = 0;
    },
  };
}
