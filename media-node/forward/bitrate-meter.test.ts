import { describe, expect, it } from "vitest";
import { BitrateMeter } from "./bitrate-meter.ts";

describe("BitrateMeter", () => {
  it("comes to the rate of a steady stream within two seconds, and to nothing when it ends", () => {
    const meter = new BitrateMeter();
    for (let now = 0; now <= 2_500; now += 20) meter.update(now * 125, now);
    expect(meter.bitsPerSecond).toBeGreaterThan(950_000);
    expect(meter.bitsPerSecond).toBeLessThan(1_050_000);
    for (let now = 2_500; now <= 6_500; now += 20) meter.update(2_500 * 125, now);
    expect(meter.bitsPerSecond).toBeLessThan(10_000);
  });

  it("says when it looked", () => {
    const meter = new BitrateMeter();
    const looked = [];
    for (let now = 0; now < 1_100; now += 100) if (meter.update(0, now)) looked.push(now);
    expect(looked).toEqual([0, 500, 1_000]);
  });
});
