import { describe, expect, it } from "vitest";
import { createRandom } from "../testing/random.ts";
import { SourceClock, StreamClock } from "./source-clock.ts";

describe("StreamClock", () => {
  it("goes by the least delayed arrivals before the first report", () => {
    const stream = new StreamClock(new SourceClock(), 90_000);
    const random = createRandom(1);
    expect(stream.known).toBe(false);
    for (let i = 0; i < 100; i++) stream.packet(i * 3_000, 1_000 + (i * 1_000) / 30 + 20 + random.next() * 15);
    const captured = stream.captureTime(300_000);
    expect(captured).toBeGreaterThan(1_000 + 300_000 / 90 + 19);
    expect(captured).toBeLessThan(1_000 + 300_000 / 90 + 25);
  });

  it("follows a publisher whose clock is slower than it says", () => {
    const stream = new StreamClock(new SourceClock(), 90_000);
    for (let i = 0; i < 30 * 600; i++) stream.packet((i * 3_000) >>> 0, (i * 1_000 * 1.000_1) / 30);
    const now = 600_000 * 1.000_1;
    expect(Math.abs(stream.captureTime(((30 * 600 - 1) * 3_000) >>> 0) - now + 33)).toBeLessThan(10);
  });

  it("pairs audio and video of a publisher by its reports, whatever their timestamps and the path's delay", () => {
    const clock = new SourceClock();
    const audio = new StreamClock(clock, 48_000);
    const video = new StreamClock(clock, 90_000);
    const random = createRandom(2);
    const wall = 1_700_000_000_000;
    for (let second = 0; second < 30; second++) {
      const ntp = wall + second * 1_000;
      const now = 5_000 + second * 1_000;
      audio.senderReport(ntp, (777 + second * 48_000) >>> 0, now + 30 + random.next() * 40);
      video.senderReport(ntp, (0xffff_0000 + second * 90_000) >>> 0, now + 30 + random.next() * 40);
    }
    const late = 29_500;
    const heard = audio.captureTime((777 + (late * 48_000) / 1_000) >>> 0);
    const seen = video.captureTime((0xffff_0000 + (late * 90_000) / 1_000) >>> 0);
    expect(Math.abs(heard - seen)).toBeLessThan(0.1);
    expect(heard).toBeGreaterThan(5_000 + late + 30);
    expect(heard).toBeLessThan(5_000 + late + 70);
  });

  it("maps both ways", () => {
    const stream = new StreamClock(new SourceClock(), 90_000);
    stream.senderReport(1_000_000, 0xffff_fff0, 500);
    const timestamp = stream.timestampAt(1_500);
    expect(timestamp).toBe((0xffff_fff0 + 90_000) >>> 0);
    expect(stream.captureTime(timestamp)).toBeCloseTo(1_500);
  });

  it("follows drift slowly and a clock that was set at once", () => {
    const clock = new SourceClock();
    clock.update(1_000, 2_000);
    clock.update(2_000, 3_016);
    expect(clock.toNode(2_000)).toBeCloseTo(3_001);
    clock.update(60_000, 4_000);
    expect(clock.toNode(60_000)).toBe(4_000);
  });
});
