/**
 * How much one connection may send. In memory only: a room that slept long enough to lose it owes nobody anything.
 * @module
 */
export interface Bucket {
  /** Spend `cost`: `pass`, `refuse` (answer with `rate-limited`), or `abuse` (it goes on regardless: close). */
  take(cost: number, now: number): "pass" | "refuse" | "abuse";
}

/** What one frame costs; a bad one costs more, so that only a stray one is free. */
export const COST = { frame: 1, bad: 10 } as const;

/** A connection that overdraws by this many bursts is closed. */
const PATIENCE = 5;

/** A token bucket of `burst`, refilled at `rate` a second. */
export function createBucket(rate: number, burst: number): Bucket {
  let tokens = burst;
  let overdrawn = 0;
  let last = 0;
  return {
    take(cost, now) {
      const earned = last === 0 ? 0 : (Math.max(0, now - last) * rate) / 1_000;
      last = now;
      tokens = Math.min(burst, tokens + earned);
      overdrawn = Math.max(0, overdrawn - earned);
      if (tokens >= cost) {
        tokens -= cost;
        return "pass";
      }
      overdrawn += cost;
      return overdrawn > PATIENCE * burst ? "abuse" : "refuse";
    },
  };
}
