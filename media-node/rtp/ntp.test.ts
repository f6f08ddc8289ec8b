import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  compactNtp,
  compactToMilliseconds,
  millisecondsToCompact,
  ntpFraction,
  ntpSeconds,
  ntpToMilliseconds,
  toCompactNtp,
} from "./ntp.ts";

describe("NTP time", () => {
  it("is a binary fraction of a second since 1900", () => {
    expect(ntpSeconds(0)).toBe(2_208_988_800);
    expect(ntpFraction(500)).toBe(0x8000_0000);
    expect(ntpFraction(250)).toBe(0x4000_0000);
    expect(ntpFraction(999.9999999)).toBeLessThanOrEqual(0xffff_ffff);
  });

  it("comes back as it went, before and after 2036", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 4e12, noNaN: true }), time => {
        expect(ntpToMilliseconds(ntpSeconds(time), ntpFraction(time))).toBeCloseTo(time, 2);
      }),
    );
  });

  it("moves on within a second", () => {
    expect(toCompactNtp(1_000_500) - toCompactNtp(1_000_000)).toBe(32_768);
    expect(compactNtp(0x1234_5678, 0x9abc_def0)).toBe(0x5678_9abc);
  });

  it("counts spans in 1/65536 s and saturates", () => {
    expect(millisecondsToCompact(1_000)).toBe(65_536);
    expect(compactToMilliseconds(65_536)).toBe(1_000);
    expect(millisecondsToCompact(-5)).toBe(0);
    expect(millisecondsToCompact(1e12)).toBe(0xffff_ffff);
  });
});
