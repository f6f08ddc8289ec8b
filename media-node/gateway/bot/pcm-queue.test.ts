import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { PcmQueue } from "./pcm-queue.ts";

describe("bytes that wait", () => {
  it("come out as they went in, never more than the limit at once", () => {
    const step = fc.record({ push: fc.nat(60_000), take: fc.nat(60_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), steps => {
        const limit = 150_000;
        const queue = new PcmQueue(limit);
        let written = 0;
        let read = 0;
        for (const { push, take } of steps) {
          const bytes = Uint8Array.from({ length: push }, (_, i) => (written + i) % 251);
          const fits = written - read + push <= limit;
          expect(queue.push(bytes)).toBe(fits);
          if (fits) written += push;
          const out = new Uint8Array(take);
          const there = Math.min(take, queue.length);
          queue.take(out);
          expect(
            Buffer.compare(
              out.subarray(0, there),
              Uint8Array.from({ length: there }, (_, i) => (read + i) % 251),
            ),
          ).toBe(0);
          expect(out.subarray(there).every(byte => byte === 0)).toBe(true);
          read += there;
          expect(queue.length).toBe(written - read);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("are forgotten when told so", () => {
    const queue = new PcmQueue(100);
    queue.push(Uint8Array.of(1, 2, 3));
    queue.clear();
    expect(queue.length).toBe(0);
    queue.push(Uint8Array.of(9));
    const out = new Uint8Array(2);
    queue.take(out);
    expect([...out]).toEqual([9, 0]);
  });
});
