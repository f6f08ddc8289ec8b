import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isInRanges, parseRange } from "./ranges.ts";

const ipv4 = (number: number): Uint8Array =>
  Uint8Array.of(number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255);

describe("an address range", () => {
  it("holds exactly the numbers between its ends, however it is spelled", () => {
    const number = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(number, number, number, (a, b, c) => {
        const [low, high] = a < b ? [a, b] : [b, a];
        const range = parseRange(`${ipv4(low).join(".")}-${ipv4(high).join(".")}`);
        expect(isInRanges([range], ipv4(c), 1)).toBe(c >= low && c <= high);
      }),
    );
    fc.assert(
      fc.property(number, number, fc.integer({ min: 0, max: 32 }), (a, b, bits) => {
        const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
        const range = parseRange(`${ipv4(a).join(".")}/${bits}`);
        expect(isInRanges([range], ipv4(b), 1)).toBe((a & mask) === (b & mask));
      }),
    );
  });

  it("stops the start when it can't be read", () => {
    for (const text of ["", "10.0.0.0/33", "10.0.0", "10.0.0.9-10.0.0.1", "::/129", "10.0.0.1-::1", "1.2.3.4/8/8", "x"])
      expect(() => parseRange(text)).toThrow("is no address, prefix");
  });
});
