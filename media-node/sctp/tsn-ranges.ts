import { distance, isAfter, plus } from "./serial.ts";

/** Farthest TSN taken ahead of the cumulative one, and most gaps kept: both far beyond what an honest sender causes. */
const WINDOW = 16_384;
const MOST_RANGES = 512;

/** Which TSNs have been received: all up to `cumulative`, and ranges above it. */
export interface TsnRanges {
  readonly cumulative: number;
  /** Whether there are gaps. */
  readonly hasGaps: boolean;
  /** "new" marks it received; "refused" is too far ahead or would be one gap too many. */
  add(tsn: number): "new" | "duplicate" | "refused";
  /** Takes everything up to `tsn` as received. */
  forward(tsn: number): void;
  /** The first ranges as offsets from the cumulative TSN, at most `limit`. */
  gaps(limit: number): [number, number][];
}

export function createTsnRanges(initialTsn: number): TsnRanges {
  let cumulative = plus(initialTsn, -1);
  const ranges: { start: number; end: number }[] = [];

  /** Takes in the ranges that have come to touch the cumulative TSN. */
  function absorb(): void {
    while (ranges[0] !== undefined && !isAfter(ranges[0].start, plus(cumulative, 1))) {
      const { end } = ranges.shift()!;
      if (isAfter(end, cumulative)) cumulative = end;
    }
  }

  return {
    get cumulative() {
      return cumulative;
    },
    get hasGaps() {
      return ranges.length > 0;
    },
    add(tsn) {
      if (!isAfter(tsn, cumulative)) return "duplicate";
      if (distance(cumulative, tsn) > WINDOW) return "refused";
      // Most arrivals belong at the end, so look from there.
      let at = ranges.length - 1;
      while (at >= 0 && isAfter(ranges[at]!.start, tsn)) at--;
      const before = ranges[at];
      if (before !== undefined && !isAfter(tsn, before.end)) return "duplicate";
      const after = ranges[at + 1];
      const joinsBefore = before !== undefined && plus(before.end, 1) === tsn;
      const joinsAfter = after !== undefined && plus(tsn, 1) === after.start;
      if (joinsBefore && joinsAfter) {
        before.end = after.end;
        ranges.splice(at + 1, 1);
      } else if (joinsBefore) before.end = tsn;
      else if (joinsAfter) after.start = tsn;
      else {
        if (ranges.length >= MOST_RANGES && tsn !== plus(cumulative, 1)) return "refused";
        ranges.splice(at + 1, 0, { start: tsn, end: tsn });
      }
      absorb();
      return "new";
    },
    forward(tsn) {
      if (!isAfter(tsn, cumulative)) return;
      cumulative = tsn;
      absorb();
    },
    gaps: limit =>
      ranges.slice(0, limit).map(({ start, end }) => [distance(cumulative, start), distance(cumulative, end)]),
  };
}
