import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { amplitudeAt, tone } from "../testing/tones.ts";
import { lengthen, shorten } from "./time-stretch.ts";

const RATE = 48_000;
const SAMPLES = 960;

describe("time stretching", () => {
  it.each([
    ["shorter", shorten, -1],
    ["longer", lengthen, 1],
  ] as const)("makes a tone %s by whole periods, without a click", (_, stretch, sign) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 110, max: 1_000 }),
        fc.constantFrom(1 as const, 2 as const),
        (frequency, channels) => {
          const mono = tone(frequency, RATE, SAMPLES);
          const pcm = new Float32Array(SAMPLES * 3);
          for (let i = 0; i < SAMPLES * channels; i++) pcm[i] = mono[Math.floor(i / channels)]!;
          const left = stretch(pcm, 0, SAMPLES, channels, RATE, false);
          expect(Math.sign(left - SAMPLES)).toBe(sign);
          expect(Math.abs(left - SAMPLES)).toBeGreaterThanOrEqual(RATE / 400);
          let step = 0;
          for (let i = channels; i < left * channels; i++)
            step = Math.max(step, Math.abs(pcm[i]! - pcm[i - channels]!));
          const steepest = 0.25 * 2 * Math.PI * (frequency / RATE);
          expect(step).toBeLessThan(steepest * 1.5 + 0.005);
          // Where it begins and ends nothing has changed, so neighbours still fit.
          expect(pcm[0]).toBeCloseTo(mono[0]!, 3);
          expect(pcm[left * channels - 1]).toBeCloseTo(mono[SAMPLES - 1]!, 3);
        },
      ),
    );
  });

  it("leaves alone what has no period, unless it is urgent", () => {
    let seed = 1;
    const noise = (): Float32Array =>
      Float32Array.from({ length: SAMPLES * 2 }, () => {
        seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
        return seed / 0x40000000 - 1;
      });
    expect(shorten(noise(), 0, SAMPLES, 1, RATE, false)).toBe(SAMPLES);
    expect(shorten(noise(), 0, SAMPLES, 1, RATE, true)).toBeLessThan(SAMPLES);
  });

  it("takes whatever it likes out of silence", () => {
    expect(shorten(new Float32Array(SAMPLES), 0, SAMPLES, 1, RATE, false)).toBe(SAMPLES / 2);
    expect(lengthen(new Float32Array(SAMPLES * 2), 0, SAMPLES, 1, RATE, false)).toBe(SAMPLES * 1.5);
  });

  it("keeps the pitch", () => {
    const pcm = new Float32Array(SAMPLES * 2);
    pcm.set(tone(200, RATE, SAMPLES));
    const left = lengthen(pcm, 0, SAMPLES, 1, RATE, false);
    expect(amplitudeAt(pcm.subarray(0, left), 200, RATE)).toBeGreaterThan(0.23);
  });
});
