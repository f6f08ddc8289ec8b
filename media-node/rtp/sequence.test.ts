import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { extendSequence, sequenceDelta, timestampDelta } from "./sequence.ts";

describe("sequence arithmetic", () => {
  it("extends a number to the nearest one, whatever wrapped between", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 45 }),
        fc.integer({ min: -32_768, max: 32_767 }),
        (reference, step) => {
          const next = reference + step;
          expect(extendSequence(((next % 65_536) + 65_536) % 65_536, reference)).toBe(next);
        },
      ),
    );
  });

  it("measures distances across the wrap", () => {
    expect(sequenceDelta(1, 65_535)).toBe(2);
    expect(sequenceDelta(65_535, 1)).toBe(-2);
    expect(timestampDelta(5, 0xffff_fffe)).toBe(7);
    expect(timestampDelta(0xffff_fffe, 5)).toBe(-7);
  });
});
