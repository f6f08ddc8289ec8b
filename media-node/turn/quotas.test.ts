import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createQuotas } from "./quotas.ts";

describe("quotas of workers that share a node", () => {
  it("hold for the node: what a sibling holds counts, and what it gives back is free", () => {
    const workers = [0, 1].map(self =>
      createQuotas(2, 3, (identity, change) => workers[1 - self]!.sibling(identity, change)),
    );
    const [a, b] = workers;
    expect([a!.take("ann"), b!.take("ann"), a!.take("ann"), b!.take("ann")]).toEqual([true, true, false, false]);
    expect([b!.take("bob"), a!.take("cem")]).toEqual([true, false]);
    expect([a!.total, b!.total]).toEqual([1, 2]);
    b!.give("ann");
    expect([a!.take("ann"), b!.take("cem")]).toEqual([true, false]);
    expect(() => b!.give("ann")).toThrow(RangeError);
  });

  it("are never exceeded, nor refused below the limit, in whatever order workers take and give", () => {
    const step = fc.record({ worker: fc.nat(2), identity: fc.constantFrom("a", "b"), take: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), steps => {
        const held = [0, 1, 2].map(() => ({ a: 0, b: 0 }));
        const workers = held.map((_, self) =>
          createQuotas(3, 5, (identity, change) => {
            for (const [other, quotas] of workers.entries()) if (other !== self) quotas.sibling(identity, change);
          }),
        );
        const sum = (identity: "a" | "b") => held.reduce((all, each) => all + each[identity], 0);
        for (const { worker, identity, take } of steps) {
          const key = identity as "a" | "b";
          if (take) {
            const may = sum(key) < 3 && sum("a") + sum("b") < 5;
            expect(workers[worker]!.take(key)).toBe(may);
            if (may) held[worker]![key]++;
          } else if (held[worker]![key] > 0) {
            workers[worker]!.give(key);
            held[worker]![key]--;
          }
        }
      }),
    );
  });
});
