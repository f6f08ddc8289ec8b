import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { play, scenario } from "../testing/room-scenario.ts";

const RUNS = Number(process.env.PROPERTY_RUNS ?? 15);
const TIMEOUT = 60_000 + RUNS * 2_000;

describe("numbers of a slot", () => {
  it(
    "hold through loss, reordering, duplicates, switches, mutes, layers that stop and timelines that break",
    () => {
      const seen = { packets: 0, switches: 0, gaps: 0, resent: 0, reports: 0 };
      fc.assert(
        fc.property(scenario, input => {
          const { rules } = play(input);
          expect(rules.violations().slice(0, 5)).toEqual([]);
          for (const key of Object.keys(seen) as (keyof typeof seen)[]) seen[key] += rules.seen[key];
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
      // Runs in which nothing happens prove nothing.
      expect(seen.packets).toBeGreaterThan(RUNS * 100);
      for (const count of [seen.switches, seen.gaps, seen.resent, seen.reports])
        expect(count).toBeGreaterThan(RUNS / 4);
    },
    TIMEOUT,
  );

  it(
    "run on, and pictures with them, once the trouble is over",
    () => {
      fc.assert(
        fc.property(scenario, input => {
          const { present } = play(input);
          for (const who of present) {
            const slots = who.slots.filter(slot => slot.media === "video");
            const others = present.filter(other => other !== who);
            const cameras = others.filter(other => other.sources.some(source => source.kind === "camera"));
            const live = slots.filter(slot => slot.live).map(slot => slot.feed?.sourceNumber);
            expect(new Set(live).size).toBe(Math.min(slots.length, cameras.length));
          }
        }),
        { numRuns: RUNS, endOnFailure: true },
      );
    },
    TIMEOUT,
  );
});
