import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT } from "../testing/fuzz.ts";
import type { NegotiatedChannel } from "./data-channels.ts";
import { createPair } from "./testing/pair.ts";

const numRuns = FUZZ_RUNS / 200;
const models = fc.record({
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  loss: fc.constantFrom(0.05, 0.2),
  duplication: fc.constantFrom(0, 0.1),
  delay: fc.constantFrom(5, 60),
  jitter: fc.constantFrom(0, 40),
});
const sizes = fc.array(
  fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 0, max: 2_000 }) }, fc.integer({ min: 0, max: 65_536 })),
  {
    maxLength: 20,
  },
);

describe("under loss, reordering and duplication", () => {
  it("a reliable, ordered channel delivers everything once, in order and unharmed, both ways", {
    timeout: FUZZ_TIMEOUT,
  }, () => {
    fc.assert(
      fc.property(models, sizes, sizes, (link, there, back) => {
        const pair = createPair({ link, options: { maxBuffered: 2 ** 24 } });
        const lists = [there, back].map(list => list.map((size, at) => Buffer.alloc(size, at + 1)));
        for (const [at, list] of lists.entries()) {
          for (const message of list) expect(pair.ends[at as 0 | 1].channels.send(0, message, 0)).toBe(true);
        }
        pair.connect();
        pair.settle(600_000);
        for (const [at, list] of lists.entries()) {
          const got = pair.ends[at === 0 ? 1 : 0].messages(0) as Uint8Array[];
          expect(got.map(message => message.length)).toEqual(list.map(message => message.length));
          for (const [index, message] of got.entries()) expect(Buffer.compare(message, list[index]!)).toBe(0);
          expect(pair.ends[at as 0 | 1].channels.bufferedBytes).toBe(0);
        }
      }),
      { numRuns },
    );
  });

  it("one lost message of a quiet channel is back within 200 ms and a round trip", () => {
    const waits: number[] = [];
    for (let seed = 0; seed < 60; seed++) {
      const pair = createPair({ link: { seed, loss: 0.2, delay: 20 } }).connect();
      pair.settle();
      const start = pair.link.now;
      pair.ends[0].channels.send(0, "mapping", start);
      pair.run(() => pair.ends[1].messages(0).length > 0);
      waits.push(pair.link.now - start);
    }
    waits.sort((a, b) => a - b);
    expect(waits[30]).toBe(20);
    expect(waits[54]).toBeLessThan(600);
  });
});

describe("a channel of limited reliability", () => {
  it.each<[string, Partial<NegotiatedChannel>]>([
    ["unordered, without retransmission", { ordered: false, maxRetransmits: 0 }],
    ["ordered, without retransmission", { maxRetransmits: 0 }],
    ["ordered, for 100 ms", { maxPacketLifeTime: 100 }],
  ])("%s: loses messages rather than wait, and carries on", (_, limits) => {
    for (const [size, interval] of [
      [20, 20],
      [3_000, 100],
    ] as const) {
      const options = { negotiated: [{ id: 2, label: "", protocol: "", ...limits }] };
      const pair = createPair({ link: { seed: size, loss: 0.2, delay: 20, jitter: 10 }, options }).connect();
      const [{ channels }, receiver] = pair.ends;
      const start = pair.link.now;
      for (let at = 0; at < 200; at++) {
        pair.run(() => pair.link.now >= start + at * interval, start + at * interval);
        const message = Buffer.alloc(size);
        message.writeUInt32BE(at);
        channels.send(2, message, start + at * interval);
      }
      pair.settle();
      const got = receiver.messages(2).map(message => Buffer.from(message as Uint8Array).readUInt32BE(0));
      expect(new Set(got).size).toBe(got.length);
      expect(got.length).toBeLessThan(200);
      expect(got.length).toBeGreaterThan(80);
      if (limits.ordered !== false) expect(got).toEqual([...got].sort((a, b) => a - b));
      expect(channels.bufferedBytes).toBe(0);
      expect(pair.link.now - start).toBeLessThan(25_000);
    }
  });
});
