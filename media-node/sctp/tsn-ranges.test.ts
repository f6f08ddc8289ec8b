import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plus } from "./serial.ts";
import { createTsnRanges } from "./tsn-ranges.ts";

const starts = fc.constantFrom(0, 1, 2 ** 31 - 3, 2 ** 32 - 5);

describe("TSN ranges", () => {
  it("agree with a set of numbers, over the wrap too", () => {
    const steps = fc.array(fc.record({ offset: fc.nat(60), forward: fc.nat(20) }), { maxLength: 120 });
    fc.assert(
      fc.property(starts, steps, (initial, list) => {
        const ranges = createTsnRanges(initial);
        const seen = new Set<number>();
        let cumulative = -1;
        for (const { offset, forward } of list) {
          if (forward === 0) {
            ranges.forward(plus(initial, offset));
            for (let below = 0; below <= offset; below++) seen.add(below);
          } else {
            expect(ranges.add(plus(initial, offset))).toBe(seen.has(offset) ? "duplicate" : "new");
            seen.add(offset);
          }
          while (seen.has(cumulative + 1)) cumulative++;
          expect(ranges.cumulative).toBe(plus(initial, cumulative));
          const gaps = ranges
            .gaps(100)
            .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, at) => from + at));
          expect(gaps).toEqual(
            [...seen]
              .filter(at => at > cumulative)
              .map(at => at - cumulative)
              .sort((a, b) => a - b),
          );
          expect(ranges.hasGaps).toBe(gaps.length > 0);
        }
      }),
    );
  });

  it("refuse what is too far ahead, and one gap too many, but never the next number", () => {
    const ranges = createTsnRanges(0);
    expect(ranges.add(16_384)).toBe("refused");
    expect(ranges.add(2 ** 31 + 5)).toBe("duplicate");
    const fates = Array.from({ length: 600 }, (_, at) => ranges.add(2 + at * 2));
    expect(fates.filter(fate => fate === "new").length).toBe(512);
    expect(ranges.add(0)).toBe("new");
    expect(ranges.cumulative).toBe(0);
    expect(ranges.add(1)).toBe("new");
    expect(ranges.cumulative).toBe(2);
  });
});
