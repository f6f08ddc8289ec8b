/** A port that was given back is left alone for so long (ms): what still comes was meant for whom it belonged to. */
const QUARANTINE = 30_000;

/** Even ports, each of which has the next one with it (RFC 3550 §11). */
export interface PortPairs {
  /** One that is free, the one given back longest ago first; undefined when there is none. */
  take(now: number): number | undefined;
  giveBack(port: number, now: number): void;
}

/** @param min first and @param max last port of the range */
export function createPortPairs(min: number, max: number): PortPairs {
  const free: { readonly port: number; readonly from: number }[] = [];
  for (let port = min + (min & 1); port < max; port += 2) free.push({ port, from: Number.NEGATIVE_INFINITY });
  return {
    take(now) {
      const [first] = free;
      if (first === undefined || first.from > now) return undefined;
      free.shift();
      return first.port;
    },
    giveBack(port, now) {
      free.push({ port, from: now + QUARANTINE });
    },
  };
}

/** The part of a range that one of `workers` has: whole pairs, none of them another's. */
export function sliceOf(min: number, max: number, worker: number, workers: number): { min: number; max: number } {
  const first = min + (min & 1);
  const pairs = Math.floor((max - first + 1) / 2 / workers);
  return { min: first + worker * pairs * 2, max: first + (worker + 1) * pairs * 2 - 1 };
}
