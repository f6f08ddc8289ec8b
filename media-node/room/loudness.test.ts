import { describe, expect, it } from "vitest";
import { LoudnessMeter } from "./loudness.ts";

/** Samples a level every 20 ms and says when speaking changed. */
function listen(meter: LoudnessMeter, from: number, milliseconds: number, level: number, arrives = true): number[] {
  const changes: number[] = [];
  for (let now = from; now < from + milliseconds; now += 20) {
    const before = meter.speaking;
    meter.sample(level, arrives ? now : from, now);
    if (meter.speaking !== before) changes.push(now - from);
  }
  return changes;
}

describe("LoudnessMeter", () => {
  it("hears speech within 150 ms, and not in room noise", () => {
    const meter = new LoudnessMeter();
    expect(listen(meter, 0, 2_000, 60)).toEqual([]);
    const [begins] = listen(meter, 2_000, 1_000, 25);
    expect(begins).toBeLessThanOrEqual(150);
  });

  it("doesn't take one loud packet for speech", () => {
    const meter = new LoudnessMeter();
    listen(meter, 0, 1_000, 90);
    expect(listen(meter, 1_000, 20, 20)).toEqual([]);
    expect(listen(meter, 1_020, 500, 90)).toEqual([]);
  });

  it("goes on through the pauses between words and ends within a second and a half", () => {
    const meter = new LoudnessMeter();
    listen(meter, 0, 1_000, 25);
    expect(listen(meter, 1_000, 300, 100)).toEqual([]);
    listen(meter, 1_300, 500, 25);
    const [ends] = listen(meter, 1_800, 3_000, 100);
    expect(ends).toBeGreaterThan(400);
    expect(ends).toBeLessThan(1_500);
  });

  it("is silent when packets cease, as with discontinuous transmission", () => {
    const meter = new LoudnessMeter();
    listen(meter, 0, 1_000, 25);
    const [ends] = listen(meter, 1_000, 3_000, 25, false);
    expect(ends).toBeLessThan(2_000);
  });

  it("ranks a sender without levels below any speech and above silence", () => {
    const unknown = new LoudnessMeter();
    listen(unknown, 0, 2_000, -1);
    expect(unknown.speaking).toBe(false);
    expect(unknown.level).toBeGreaterThan(45);
    expect(unknown.level).toBeLessThan(80);
  });

  it("is silenced at once", () => {
    const meter = new LoudnessMeter();
    listen(meter, 0, 1_000, 10);
    meter.silence();
    expect([meter.level, meter.speaking]).toEqual([127, false]);
  });
});
