import { describe, expect, it } from "vitest";
import { amplitudeAt, tone } from "../testing/tones.ts";
import { createConcealment } from "./concealment.ts";

const RATE = 8_000;

describe("concealment", () => {
  it("goes on with the pitch it heard, then fades to silence", () => {
    const concealment = createConcealment(RATE);
    concealment.heard(tone(200, RATE, 320), 0, 320);
    const out = new Float32Array(800);
    expect(concealment.conceal(80, out, 0)).toBe(80);
    expect(amplitudeAt(out.subarray(0, 80), 200, RATE)).toBeGreaterThan(0.22);
    concealment.conceal(720, out, 80);
    expect(amplitudeAt(out.subarray(400, 480), 200, RATE)).toBeLessThan(0.05);
    expect(out.subarray(480).every(sample => sample === 0)).toBe(true);
  });

  it("leaves no click where it begins and where sound returns", () => {
    const concealment = createConcealment(RATE);
    const whole = tone(200, RATE, 800);
    const out = whole.slice();
    concealment.heard(out, 0, 320);
    concealment.conceal(80, out, 320);
    concealment.heard(out, 400, 400);
    // No step is much steeper than the sine's own.
    const steepest = 0.25 * 2 * Math.PI * (200 / RATE);
    for (let i = 1; i < 800; i++) expect(Math.abs(out[i]! - out[i - 1]!)).toBeLessThan(steepest * 1.6);
  });

  it("makes silence of silence", () => {
    const out = new Float32Array(160).fill(1);
    createConcealment(RATE).conceal(160, out, 0);
    expect(out.every(sample => sample === 0)).toBe(true);
  });
});
