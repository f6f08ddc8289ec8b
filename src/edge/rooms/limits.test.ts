import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBucket } from "./limits.ts";

describe("a connection's budget", () => {
  it("lets a burst pass, then the rate", () => {
    const bucket = createBucket(10, 5);
    const verdicts = (count: number, now: number) => Array.from({ length: count }, () => bucket.take(1, now));
    expect(verdicts(6, 1_000)).toEqual([...Array(5).fill("pass"), "refuse"]);
    expect(verdicts(3, 1_200)).toEqual(["pass", "pass", "refuse"]);
    expect(verdicts(6, 60_000)).toEqual([...Array(5).fill("pass"), "refuse"]);
  });

  it("calls it abuse when refusals don't stop the sender, and forgives one who slows down", () => {
    const bucket = createBucket(10, 5);
    const flood = Array.from({ length: 32 }, () => bucket.take(1, 1_000));
    expect(flood.indexOf("abuse")).toBe(5 + 25);
    expect(bucket.take(1, 10_000)).toBe("pass");
  });

  it("never lets more pass than burst and rate allow", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 300 }), gaps => {
        const bucket = createBucket(20, 10);
        let now = 1_000;
        let passed = 0;
        for (const gap of gaps) {
          now += gap;
          if (bucket.take(1, now) === "pass") passed++;
        }
        expect(passed).toBeLessThanOrEqual(10 + Math.ceil(((now - 1_000) * 20) / 1_000));
      }),
    );
  });
});
