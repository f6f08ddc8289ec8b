import fc from "fast-check";
import { expect, it } from "vitest";
import { createReplayWindow } from "./replay-window.ts";

it("lets every number through once, and none that is 256 behind", () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: -40, max: 40 }), fc.integer({ min: -300, max: 600 })));
  fc.assert(
    fc.property(steps, fc.constantFrom(0, 2 ** 32 - 100, 2 ** 47), (jumps, start) => {
      const window = createReplayWindow();
      const seen = new Set<number>();
      let newest = -1;
      let at = start;
      for (const jump of jumps) {
        at = Math.max(0, at + jump);
        const replay = seen.has(at) || at <= newest - 256;
        expect(window.isReplay(at)).toBe(replay);
        if (replay) continue;
        window.accept(at);
        seen.add(at);
        newest = Math.max(newest, at);
      }
    }),
  );
});
