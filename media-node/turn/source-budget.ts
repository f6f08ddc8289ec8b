/** How many answers without proof of address a source gets, so that forged requests reflect little at their victim. */
export interface SourceBudget {
  /** False when the source has had its share: the answer is silence. */
  take(address: Uint8Array, family: number, now: number): boolean;
}

/** Sources share cells when their hashes meet: that makes the budget tighter, never looser, and memory fixed. */
const CELLS = 1 << 14;

/**
 * A token bucket per IPv4 address and IPv6 /64, in a table of fixed size.
 * @param perSecond answers a second; 0: no limit
 * @param burst answers at once
 * @param seed makes the hash unpredictable, so that nobody chooses whom to share a cell with
 */
export function createSourceBudget(perSecond: number, burst: number, seed: number): SourceBudget {
  const tokens = new Float64Array(CELLS).fill(burst);
  const filledAt = new Float64Array(CELLS);
  return {
    take(address, family, now) {
      if (perSecond === 0) return true;
      const length = family === 1 ? 4 : 8;
      let hash = seed | 0;
      for (let i = 0; i < length; i++) hash = Math.imul(hash ^ address[i]!, 0x01000193);
      const cell = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 18;
      const filled = Math.min(burst, tokens[cell]! + ((now - filledAt[cell]!) * perSecond) / 1000);
      filledAt[cell] = now;
      tokens[cell] = filled < 1 ? filled : filled - 1;
      return filled >= 1;
    },
  };
}
