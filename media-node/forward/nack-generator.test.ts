import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NackGenerator } from "./nack-generator.ts";
import { createRoundTrip } from "./round-trip.ts";

const out = new Uint16Array(300);

function generator(roundTripTime?: number) {
  const roundTrip = createRoundTrip();
  if (roundTripTime !== undefined) roundTrip.update(roundTripTime);
  const nacks = new NackGenerator(roundTrip);
  const collect = (now: number) => [...out.subarray(0, nacks.collect(now, out))];
  return { nacks, roundTrip, collect };
}

describe("NackGenerator", () => {
  it("gives reordered packets a moment before it asks", () => {
    const { nacks, collect } = generator();
    nacks.lost(70_000, 70_001, 0);
    expect(collect(5)).toEqual([]);
    nacks.arrived(70_000, 6, false);
    expect(collect(12)).toEqual([70_001 & 0xffff]);
  });

  it("asks again after a round trip, not before", () => {
    const { nacks, collect } = generator(200);
    nacks.lost(5, 5, 0);
    expect(collect(10)).toEqual([5]);
    for (let now = 20; now < 250; now += 10) expect(collect(now)).toEqual([]);
    expect(collect(250)).toEqual([5]);
  });

  it("asks no faster than every 20 ms however short the path", () => {
    const { nacks, collect } = generator(1);
    nacks.lost(5, 5, 0);
    const times = [];
    for (let now = 0; now < 100; now++) if (collect(now).length > 0) times.push(now);
    expect(times).toEqual([10, 30, 50, 70, 90]);
  });

  it("gives up after ten tries or a second", () => {
    const fast = generator(1);
    fast.nacks.lost(5, 5, 0);
    let asked = 0;
    for (let now = 0; now < 900; now++) asked += fast.collect(now).length;
    expect(asked).toBe(10);
    expect(fast.nacks.size).toBe(0);
    const slow = generator(2_000);
    slow.nacks.lost(5, 5, 0);
    slow.collect(10);
    slow.collect(1_001);
    expect(slow.nacks.size).toBe(0);
  });

  it("keeps on across the 16-bit wrap", () => {
    const { nacks, collect } = generator();
    nacks.lost(131_070, 131_074, 0);
    expect(collect(10)).toEqual([65_534, 65_535, 0, 1, 2]);
    for (let number = 131_070; number <= 131_074; number++) nacks.arrived(number, 20, true);
    nacks.lost(131_100, 131_100, 30);
    expect(collect(40)).toEqual([28]);
  });

  it("drops what a key frame made useless", () => {
    const { nacks, collect } = generator();
    nacks.lost(10, 20, 0);
    nacks.giveUpBefore(18);
    expect(collect(10)).toEqual([18, 19, 20]);
  });

  it("learns the round trip from the answer to a first request", () => {
    const { nacks, roundTrip, collect } = generator();
    nacks.lost(5, 5, 0);
    collect(10);
    nacks.arrived(5, 47, true);
    expect(roundTrip.milliseconds).toBe(37);
    nacks.lost(7, 7, 100);
    collect(110);
    nacks.arrived(7, 500, false);
    expect(roundTrip.milliseconds).toBe(37);
  });

  it("never holds more than its capacity, and the newest of them", () => {
    const { nacks, collect } = generator();
    for (let burst = 0; burst < 50; burst++) nacks.lost(burst * 1_000, burst * 1_000 + 99, 0);
    expect(nacks.size).toBe(256);
    expect(collect(10).at(-1)).toBe(49_099 & 0xffff);
    nacks.lost(100_000, 101_000, 20);
    expect(nacks.size).toBe(256);
  });

  it("asks for exactly what is missing, whatever arrives in whatever order", () => {
    const step = fc.record({ gap: fc.nat(4), late: fc.nat(30), wait: fc.nat(40) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 100 }), steps => {
        const { nacks, collect } = generator();
        const missing = new Set<number>();
        let highest = 65_500;
        let now = 0;
        for (const { gap, late, wait } of steps) {
          now += wait;
          if (gap > 0) nacks.lost(highest + 1, highest + gap, now);
          for (let i = 1; i <= gap; i++) missing.add(highest + i);
          highest += gap + 1;
          nacks.arrived(highest - late, now, true);
          missing.delete(highest - late);
          for (const asked of collect(now)) {
            expect([...missing].some(number => (number & 0xffff) === asked)).toBe(true);
          }
        }
      }),
    );
  });
});
