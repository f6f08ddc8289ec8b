import { describe, expect, it } from "vitest";
import { amplitudeAt, tone } from "../testing/tones.ts";
import { createResampler } from "./resampler.ts";

function convert(from: number, to: number, frequency: number, pieces: number[]): Float32Array {
  const resampler = createResampler(from, to)!;
  const input = tone(frequency, from, from);
  const output: number[] = [];
  let at = 0;
  for (let i = 0; at < input.length; i++) {
    const piece = pieces[i % pieces.length]!;
    output.push(...resampler.push(input.subarray(at, at + piece)));
    at += piece;
  }
  return Float32Array.from(output);
}

describe("another rate", () => {
  for (const [from, to] of [
    [44_100, 48_000],
    [22_050, 48_000],
    [96_000, 48_000],
    [48_000, 48_000],
  ] as const) {
    it(`keeps tones, as loud and as high, from ${from} to ${to} Hz`, () => {
      const output = convert(from, to, 1_000, [1_024]);
      expect(output.length / to).toBeCloseTo(1, 2);
      const middle = output.subarray(to / 4, to / 4 + to / 2);
      const before = amplitudeAt(tone(1_000, to, to / 2), 1_000, to);
      expect(amplitudeAt(middle, 1_000, to) / before).toBeCloseTo(1, 2);
      for (const other of [2_000, 3_900, 5_000, 11_000])
        expect(amplitudeAt(middle, other, to) / before).toBeLessThan(0.001);
    });
  }

  it("makes the same of pieces of any size", () => {
    const whole = convert(44_100, 48_000, 700, [44_100]);
    const pieces = convert(44_100, 48_000, 700, [1, 1_024, 0, 333]);
    expect(pieces.length).toBe(whole.length);
    expect(Math.max(...pieces.map((sample, i) => Math.abs(sample - whole[i]!)))).toBeLessThan(1e-6);
  });

  it("folds nothing back that the lower rate has no room for", () => {
    const output = convert(96_000, 48_000, 30_000, [1_024]).subarray(12_000, 36_000);
    expect(Math.max(...output.map(Math.abs))).toBeLessThan(0.01);
  });

  it("doesn't try what is no small fraction", () => {
    expect(createResampler(44_101, 48_000)).toBeUndefined();
  });
});
