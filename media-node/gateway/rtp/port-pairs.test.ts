import { describe, expect, it } from "vitest";
import { createPortPairs, sliceOf } from "./port-pairs.ts";

describe("pairs of ports", () => {
  it("begin with an even one, end within the range, and rest for half a minute before they serve again", () => {
    const pairs = createPortPairs(40_001, 40_006);
    expect([pairs.take(0), pairs.take(0), pairs.take(0)]).toEqual([40_002, 40_004, undefined]);
    pairs.giveBack(40_004, 1_000);
    expect(pairs.take(30_999)).toBeUndefined();
    expect(pairs.take(31_000)).toBe(40_004);
  });

  it("are shared out among workers, none twice", () => {
    const seen = new Set<number>();
    for (let worker = 0; worker < 3; worker++) {
      const { min, max } = sliceOf(40_001, 40_100, worker, 3);
      const pairs = createPortPairs(min, max);
      for (let port = pairs.take(0); port !== undefined; port = pairs.take(0)) {
        expect(port).toBeGreaterThanOrEqual(40_001);
        expect(port + 1).toBeLessThanOrEqual(40_100);
        expect(seen.has(port)).toBe(false);
        seen.add(port);
      }
    }
    expect(seen.size).toBe(48);
  });

  it("are none where the range is too small", () => {
    const { min, max } = sliceOf(40_000, 40_003, 2, 3);
    expect(createPortPairs(min, max).take(0)).toBeUndefined();
  });
});
