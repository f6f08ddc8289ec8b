import { expect, it } from "vitest";
import { createHandshakeBudget } from "./handshake-budget.ts";

it("allows a burst, then the long-run rate", () => {
  const budget = createHandshakeBudget({ perSecond: 10, burst: 3 });
  const taken = (now: number, tries: number) =>
    Array.from({ length: tries }, () => budget.take(now)).filter(Boolean).length;
  expect(taken(1_000, 10)).toBe(3);
  expect(taken(1_099, 10)).toBe(0);
  expect(taken(1_200, 10)).toBe(2);
  expect(taken(60_000, 10)).toBe(3);
});
