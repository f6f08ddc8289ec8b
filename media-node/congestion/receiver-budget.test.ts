import { describe, expect, it } from "vitest";
import { createReceiverBudget } from "./receiver-budget.ts";

/** A budget, and time that passes for it while so much is sent; `each` is called every half second. */
function setUp(ceiling = 10_000_000) {
  const budget = createReceiverBudget(ceiling);
  let now = 0;
  let bytes = 0;
  const run = (seconds: number, bitsPerSecond: number, each: (now: number) => void) => {
    for (const end = now + seconds * 1_000; now < end; now += 100) {
      if (now % 500 === 0) each(now);
      bytes += bitsPerSecond / 80;
      budget.tick(bytes, now);
    }
  };
  return { budget, run };
}

describe("ReceiverBudget", () => {
  it("is the ceiling while nothing complains", () => {
    const { budget, run } = setUp();
    run(10, 3_000_000, now => budget.loss(0.01, now));
    expect(budget.bitsPerSecond).toBe(10_000_000);
  });

  it("takes an estimate above the present rate for no limit", () => {
    const { budget, run } = setUp();
    run(10, 1_000_000, now => budget.remb(1_500_000, now));
    expect(budget.bitsPerSecond).toBe(10_000_000);
  });

  it("ignores low estimates while too little is sent to measure anything", () => {
    const { budget, run } = setUp();
    run(10, 300_000, now => budget.remb(100_000, now));
    expect(budget.bitsPerSecond).toBe(10_000_000);
  });

  it("is cut to an estimate that stays below what is sent while packets are lost, not by a single one", () => {
    const { budget, run } = setUp();
    const lossy = (estimate: (now: number) => number) => (now: number) => {
      budget.remb(estimate(now), now);
      budget.loss(0.04, now);
    };
    run(
      4,
      2_000_000,
      lossy(now => (now === 2_000 ? 300_000 : 2_500_000)),
    );
    expect(budget.bitsPerSecond).toBe(10_000_000);
    run(
      2,
      2_000_000,
      lossy(() => 600_000),
    );
    expect(budget.bitsPerSecond).toBe(600_000);
  });

  it("is not cut by low estimates while nothing is lost: a busy machine looks like a busy path", () => {
    const { budget, run } = setUp();
    run(10, 2_000_000, now => {
      budget.remb(600_000, now);
      budget.loss(0, now);
    });
    expect(budget.bitsPerSecond).toBe(10_000_000);
  });

  it("is cut by high loss, in proportion, and never to nothing", () => {
    const { budget, run } = setUp();
    run(4, 2_000_000, () => {});
    run(0.5, 2_000_000, now => budget.loss(0.2, now));
    run(0.5, 2_000_000, () => {});
    expect(budget.bitsPerSecond).toBeGreaterThan(1_700_000);
    expect(budget.bitsPerSecond).toBeLessThan(1_900_000);
    run(60, 10_000, now => budget.loss(0.9, now));
    expect(budget.bitsPerSecond).toBe(150_000);
  });

  it("isn't moved by the usual loss of wireless paths", () => {
    const { budget, run } = setUp();
    run(20, 2_000_000, now => budget.loss(0.06, now));
    expect(budget.bitsPerSecond).toBe(10_000_000);
  });

  it("holds after a cut, then grows again slowly, up to the ceiling", () => {
    const { budget, run } = setUp(2_000_000);
    run(4, 2_000_000, () => {});
    run(1, 2_000_000, now => budget.loss(0.5, now));
    const cut = budget.bitsPerSecond;
    expect(cut).toBeLessThan(1_600_000);
    run(4, 1_000_000, now => budget.loss(0, now));
    expect(budget.bitsPerSecond).toBe(cut);
    run(5, 1_000_000, now => budget.loss(0, now));
    expect(budget.bitsPerSecond).toBeGreaterThan(cut * 1.2);
    run(60, 1_000_000, now => budget.loss(0, now));
    expect(budget.bitsPerSecond).toBe(2_000_000);
  });
});
