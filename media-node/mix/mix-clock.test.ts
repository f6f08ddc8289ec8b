import { describe, expect, it } from "vitest";
import { MixClock } from "./mix-clock.ts";

/** Runs what is due at a time. @returns how many frames that was. */
function run(clock: MixClock, now: number): number {
  let frames = 0;
  while (clock.next(now)) frames++;
  return frames;
}

describe("the mix clock", () => {
  it("never drifts, however the timer trembles", () => {
    const clock = new MixClock(5, 1_000);
    let frames = 0;
    for (let i = 0; i < 50_000; i++) frames += run(clock, 1_000 + i * 20.4 + (i % 7) * 2);
    expect(frames).toBe(Math.floor((49_999 * 20.4 + (49_999 % 7) * 2) / 20) + 1);
    expect(clock).toMatchObject({ voices: 5, skipped: 0 });
  });

  it("leaves frames out after a stall instead of making up for them", () => {
    const clock = new MixClock(5, 0);
    run(clock, 0);
    expect(run(clock, 1_010)).toBe(1);
    expect(clock).toMatchObject({ tick: 50, skipped: 49, due: 1_020, voices: 5 });
    expect(run(clock, 1_020)).toBe(1);
  });

  it("counts frames, and those that begin over 5 ms late", () => {
    const clock = new MixClock(5, 0);
    for (let i = 0; i < 10; i++) clock.next(i * 20 + (i % 2) * 6);
    expect(clock).toMatchObject({ frames: 10, late: 5 });
  });

  it("counts nothing as left out while there was nothing to mix", () => {
    const clock = new MixClock(5, 0);
    clock.resume(10_010);
    expect(run(clock, 10_010)).toBe(1);
    expect(clock).toMatchObject({ tick: 500, skipped: 0, due: 10_020 });
  });

  it("gives up voices while frames are late again and again, and takes them back at ease", () => {
    const clock = new MixClock(5, 0);
    for (let i = 0; i < 10; i++) clock.next(i * 20 + 45);
    expect(clock.voices).toBe(3);
    for (let i = 10; i < 100; i++) clock.next(i * 20 + 45);
    expect(clock.voices).toBe(1);
    for (let i = 100; i < 100 + 499; i++) clock.next(i * 20);
    expect(clock.voices).toBe(2);
    for (let i = 599; i < 3_000; i++) clock.next(i * 20);
    expect(clock.voices).toBe(5);
  });
});
