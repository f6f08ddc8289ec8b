import { randomFillSync } from "node:crypto";

/** Whole numbers from 0 to `limit` - 1, unpredictable; `limit` at most 65,536. */
export type RandomBelow = (limit: number) => number;

/** Cryptographic randomness a pool at a time: a call into the system for every port would cost more than the port. */
export function createRandomBelow(): RandomBelow {
  const pool = new Uint16Array(2048);
  let next = pool.length;
  return limit => {
    // The greatest multiple of `limit`: numbers from there on would favour small results.
    const fair = 65_536 - (65_536 % limit);
    for (;;) {
      if (next === pool.length) {
        randomFillSync(pool);
        next = 0;
      }
      const value = pool[next++]!;
      if (value < fair) return value % limit;
    }
  };
}
