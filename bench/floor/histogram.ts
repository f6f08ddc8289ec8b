/** Buckets of 10 µs up to a second; what is longer counts as a second. */
const BUCKETS = 100_000;
const BUCKETS_PER_MS = 100;

export interface Histogram {
  add(milliseconds: number): void;
  /** The value that a share of all lies below; NaN of nothing. */
  quantile(share: number): number;
}

export function createHistogram(): Histogram {
  const counts = new Uint32Array(BUCKETS);
  let total = 0;
  return {
    add(milliseconds) {
      const bucket = Math.min(BUCKETS - 1, Math.max(0, Math.floor(milliseconds * BUCKETS_PER_MS)));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      total++;
    },
    quantile(share) {
      let seen = 0;
      for (let bucket = 0; bucket < BUCKETS; bucket++) {
        seen += counts[bucket] ?? 0;
        if (seen > 0 && seen >= share * total) return (bucket + 1) / BUCKETS_PER_MS;
      }
      return Number.NaN;
    },
  };
}
