import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Timeline } from "./timeline.ts";

describe("the timeline", () => {
  it("orders late packets and counts time through wrapping numbers and timestamps", () => {
    const timeline = new Timeline();
    const place = (sequence: number, timestamp: number, now: number): readonly [number, number] => {
      timeline.place("opus", sequence & 0xffff, timestamp >>> 0, now);
      return [timeline.index, timeline.media];
    };
    const [first] = place(65_534, -1_920, 1_000);
    expect(place(65_537, 960, 1_060)).toEqual([first + 3, 60]);
    expect(place(65_535, -960, 1_061)).toEqual([first + 1, 20]);
    expect(place(65_538, 1_920, 1_080)).toEqual([first + 4, 80]);
  });

  it("goes on by the time gone where a stream, its codec or its timestamps are others", () => {
    const timeline = new Timeline();
    timeline.place("opus", 10, 0, 0);
    const { index } = timeline;
    for (const [codec, sequence, timestamp, now] of [
      ["pcmu", 11, 700_000, 20],
      ["pcmu", 12, 900_000, 40],
      ["pcmu", 40_000, 900_160, 60],
      ["opus", 3, 5, 5_060],
    ] as const) {
      timeline.place(codec, sequence, timestamp, now);
      expect(timeline.media).toBe(now);
    }
    expect(timeline.index).toBe(index + 4);
  });

  it("never goes back in number or time with a new packet, whatever comes", () => {
    const packets = fc.array(
      fc.record({
        codec: fc.constantFrom("opus" as const, "pcmu" as const, "g722" as const),
        sequence: fc.integer({ min: 0, max: 65_535 }),
        timestamp: fc.integer({ min: 0, max: 0xffffffff }),
        gap: fc.integer({ min: 0, max: 5_000 }),
      }),
    );
    fc.assert(
      fc.property(packets, list => {
        const timeline = new Timeline();
        let now = 0;
        let highest = -1;
        let newest = Number.NEGATIVE_INFINITY;
        for (const { codec, sequence, timestamp, gap } of list) {
          now += gap;
          timeline.place(codec, sequence, timestamp, now);
          expect(timeline.index).toBeLessThanOrEqual(timeline.highest);
          if (timeline.index > highest) {
            expect(timeline.media).toBeGreaterThanOrEqual(newest);
            newest = timeline.media;
            highest = timeline.index;
          } else expect(timeline.media).toBeLessThanOrEqual(newest);
        }
      }),
    );
  });
});
