import { describe, expect, it } from "vitest";
import { amplitudeAt, decibels, tone } from "../testing/tones.ts";
import { Limiter } from "./limiter.ts";

const FRAME = 960;

function limit(pcm: Float32Array): Float32Array {
  const limiter = new Limiter();
  const out = pcm.slice();
  for (let at = 0; at < out.length; at += FRAME) limiter.apply(out.subarray(at, at + FRAME), FRAME);
  return out;
}

describe("the limiter", () => {
  it("leaves what is not too loud exactly as it is", () => {
    const pcm = tone(440, 48_000, FRAME * 20, 0.79);
    expect(limit(pcm)).toEqual(pcm);
  });

  it("keeps loud sums below full scale, without distorting them for long", () => {
    const out = limit(tone(440, 48_000, FRAME * 50, 3));
    expect(out.every(sample => Math.abs(sample) <= 1)).toBe(true);
    const later = out.subarray(FRAME * 10);
    expect(amplitudeAt(later, 440, 48_000)).toBeGreaterThan(0.75);
    expect(decibels(amplitudeAt(later, 1_320, 48_000) / amplitudeAt(later, 440, 48_000))).toBeLessThan(-40);
  });

  it("returns to full gain within a second", () => {
    const pcm = tone(440, 48_000, FRAME * 100, 0.5);
    pcm.set(tone(440, 48_000, FRAME * 10, 3));
    const out = limit(pcm);
    expect(amplitudeAt(out.subarray(FRAME * 12, FRAME * 14), 440, 48_000)).toBeLessThan(0.3);
    expect(amplitudeAt(out.subarray(FRAME * 80), 440, 48_000)).toBeGreaterThan(0.48);
  });
});
