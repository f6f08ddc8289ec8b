import { describe, expect, it } from "vitest";
import { createSourceBudget, type SourceBudget } from "./source-budget.ts";

const source = Uint8Array.of(192, 0, 2, 7);

/** Answers that a flood gets in ten seconds, sent to workers in turns. */
function answers(workers: readonly SourceBudget[], seconds: number, perSecond: number): number {
  let count = 0;
  for (let i = 0; i < seconds * perSecond; i++)
    if (workers[i % workers.length]!.take(source, 1, (i * 1000) / perSecond)) count++;
  return count;
}

describe("answers to a source that has proven nothing", () => {
  it("are bounded per second and at once", () => {
    const budget = createSourceBudget({ perSecond: 10, burst: 50, seed: 1 });
    expect(answers([budget], 10, 1000)).toBeGreaterThan(140);
    expect(answers([budget], 10, 1000)).toBeLessThanOrEqual(150);
    expect(budget.take(Uint8Array.of(192, 0, 2, 8), 1, 10_000)).toBe(true);
  });

  it("are about as many from four workers as from one", () => {
    const workers: SourceBudget[] = [0, 1, 2, 3].map(self =>
      createSourceBudget({
        perSecond: 10,
        burst: 80,
        seed: 5,
        onSpent(cell, spent) {
          for (const [other, budget] of workers.entries()) if (other !== self) budget.sibling(cell, spent, clock);
        },
      }),
    );
    let clock = 0;
    let count = 0;
    for (; clock < 10_000; clock++) if (workers[clock % 4]!.take(source, 1, clock)) count++;
    // One alone would give 180; each may give an eighth of a burst before the others know.
    expect(count).toBeGreaterThan(150);
    expect(count).toBeLessThan(180 + 4 * 10);
  });

  it("aren't told of where a source asks little", () => {
    const told: number[] = [];
    const budget = createSourceBudget({ perSecond: 10, burst: 80, seed: 5, onSpent: cell => told.push(cell) });
    for (let i = 0; i < 9; i++) budget.take(source, 1, 0);
    expect(told).toEqual([]);
    budget.take(source, 1, 0);
    expect(told.length).toBe(1);
  });
});
