import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SrtpFailure } from "./failure.ts";
import { createStreamTable } from "./stream-table.ts";

const ROLL = 0x10000;

/** A table with one stream that has seen the packet of 48-bit `index` and nothing else. */
function streamAt(index: number) {
  const table = createStreamTable(4);
  const slot = table.add(7, Math.floor(index / ROLL), index % ROLL);
  return {
    check: (at: number) => table.check(slot, Math.floor(at / ROLL), at % ROLL),
    mark: (at: number) => table.mark(slot, Math.floor(at / ROLL), at % ROLL),
    /** The index that the receiver believes in when it reads the sequence number of `at`. */
    estimate: (at: number) => table.estimateRollover(slot, at % ROLL) * ROLL + (at % ROLL),
  };
}

describe("index estimation (RFC 3711 §3.3.1)", () => {
  it("is right for any loss and reordering within half the sequence space", () => {
    const steps = fc.array(fc.integer({ min: -900, max: 0x7fff }), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5 * ROLL }), steps, (first, jumps) => {
        const stream = streamAt(first);
        let newest = first;
        for (const jump of jumps) {
          const index = newest + jump;
          if (index < 0) continue;
          expect(stream.estimate(index)).toBe(index);
          if (stream.check(index) === 0) stream.mark(index);
          newest = Math.max(newest, index);
        }
      }),
    );
  });

  it("crosses the wrap though everything around it is lost, even sequence number 0", () => {
    const stream = streamAt(ROLL - 200);
    expect(stream.estimate(ROLL + 150)).toBe(ROLL + 150);
    stream.mark(ROLL + 150);
    expect(stream.estimate(ROLL - 5)).toBe(ROLL - 5);
    expect(stream.estimate(ROLL + 151)).toBe(ROLL + 151);
  });

  it("decides at exactly half the sequence space as the RFC's appendix A does", () => {
    expect(streamAt(3 * ROLL + 100).estimate(3 * ROLL + 100 + 0x8000)).toBe(3 * ROLL + 100 + 0x8000);
    expect(streamAt(3 * ROLL + 100).estimate(3 * ROLL + 101 + 0x8000)).toBe(2 * ROLL + 101 + 0x8000);
    expect(streamAt(3 * ROLL + 0x9000).estimate(3 * ROLL + 0x1000)).toBe(3 * ROLL + 0x1000);
    expect(streamAt(3 * ROLL + 0x9000).estimate(4 * ROLL + 0x0fff)).toBe(4 * ROLL + 0x0fff);
  });

  it("takes a jump of more than half the sequence space for an old packet, and is right again a turn later", () => {
    const stream = streamAt(ROLL + 100);
    const jumped = ROLL + 100 + 0x9000;
    expect(stream.estimate(jumped)).toBe(jumped - ROLL);
    expect(stream.check(jumped - ROLL)).toBe(SrtpFailure.tooOld);
    expect(stream.estimate(ROLL + 200)).toBe(ROLL + 200);
  });

  it("never goes below rollover counter 0", () => {
    expect(streamAt(5).estimate(65_000)).toBe(65_000);
  });
});

describe("replay window", () => {
  it("tells what was seen from what was not, whatever the order", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 3 * ROLL }),
        fc.array(fc.oneof(fc.integer({ min: -1200, max: 40 }), fc.integer({ min: 0, max: 3000 })), { maxLength: 400 }),
        (first, jumps) => {
          const stream = streamAt(first);
          const seen = new Set([first]);
          let newest = first;
          for (const jump of jumps) {
            const index = Math.max(0, newest + jump);
            const verdict = stream.check(index);
            if (index > newest - 992) expect(verdict).toBe(seen.has(index) ? SrtpFailure.replayed : 0);
            // Between 992 and 1,023 behind it depends on the words' borders, but nothing seen may pass.
            else if (seen.has(index) || index <= newest - 1024) expect(verdict).not.toBe(0);
            if (verdict === 0) {
              stream.mark(index);
              seen.add(index);
              newest = Math.max(newest, index);
            }
          }
        },
      ),
    );
  });

  it("forgets the whole window on a long jump", () => {
    const stream = streamAt(1000);
    for (let i = 1001; i < 2100; i++) stream.mark(i);
    stream.mark(2100 + 20_000);
    for (let back = 1; back < 992; back++) expect(stream.check(2100 + 20_000 - back)).toBe(0);
  });
});

describe("streams", () => {
  it("keeps every stream apart while it grows to its limit, and says when it is full", () => {
    const table = createStreamTable(200);
    const ssrcs = Array.from({ length: 200 }, (_, i) => (i * 0x9e3779b1 + 1) >>> 0);
    for (const [i, ssrc] of ssrcs.entries()) {
      expect(table.isFull).toBe(false);
      expect(table.find(ssrc)).toBe(-1);
      expect(table.add(ssrc, i, 1000 + i)).toBe(i);
    }
    expect(table.isFull).toBe(true);
    for (const [i, ssrc] of ssrcs.entries()) {
      expect(table.find(ssrc)).toBe(i);
      expect(table.check(i, i, 1000 + i)).toBe(SrtpFailure.replayed);
      expect(table.check(i, i, 999 + i)).toBe(0);
    }
    expect(table.find(0)).toBe(-1);
  });

  it("finds SSRCs that fall to the same place", () => {
    const table = createStreamTable(64);
    const inverse = 0xe8b2f51; // of the table's multiplier modulo 2^32, so that the products share their high bits
    const ssrcs = Array.from({ length: 64 }, (_, i) => Math.imul(i, inverse) >>> 0);
    for (const [i, ssrc] of ssrcs.entries()) expect(table.add(ssrc, 0, i)).toBe(i);
    for (const [i, ssrc] of ssrcs.entries()) expect(table.find(ssrc)).toBe(i);
    expect(table.find(Math.imul(64, inverse) >>> 0)).toBe(-1);
  });
});
