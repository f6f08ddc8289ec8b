import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { opusDuration } from "./opus.ts";

const duration = (...bytes: number[]) => opusDuration(Buffer.from(bytes), 0, bytes.length) / 48;

describe("opusDuration", () => {
  it("knows the frame sizes of all three modes", () => {
    expect([0, 1, 2, 3].map(config => duration(config << 3))).toEqual([10, 20, 40, 60]);
    expect([12, 13, 14, 15].map(config => duration(config << 3))).toEqual([10, 20, 10, 20]);
    expect([16, 17, 18, 19].map(config => duration(config << 3))).toEqual([2.5, 5, 10, 20]);
  });

  it("counts frames", () => {
    const TWENTY = 19 << 3;
    expect(duration(TWENTY | 1)).toBe(40);
    expect(duration(TWENTY | 2)).toBe(40);
    expect(duration(TWENTY | 3, 6)).toBe(120);
    expect(duration((16 << 3) | 3, 48)).toBe(120);
  });

  it("takes nonsense for 20 ms", () => {
    expect(duration()).toBe(20);
    expect(duration((19 << 3) | 3)).toBe(20);
    expect(duration((19 << 3) | 3, 0)).toBe(20);
    expect(duration((3 << 3) | 3, 63)).toBe(20);
  });

  it("is between 2.5 and 120 ms for any bytes", { timeout: FUZZ_TIMEOUT }, () => {
    fuzz([Buffer.from([0xfb, 3])], bytes => {
      const samples = opusDuration(bytes, 0, bytes.length);
      must(samples >= 120 && samples <= 5_760, `${samples}`);
    });
  });
});
