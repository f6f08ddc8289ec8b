import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createOrderedPackets } from "./ordered-packets.ts";

const packet = (timestamp: number) => ({ payload: Buffer.alloc(0), timestamp, marker: true });

describe("packets in order", () => {
  it("come in the order of their numbers, each once, however they came", () => {
    const numbers = Array.from({ length: 40 }, (_, i) => i);
    fc.assert(
      fc.property(fc.shuffledSubarray(numbers, { minLength: 40 }), fc.array(fc.nat(39)), (order, again) => {
        const taken: number[] = [];
        const packets = createOrderedPackets(({ timestamp }) => taken.push(timestamp));
        packets.push(100, packet(-1), 0);
        for (const i of [...order, ...again]) packets.push(101 + i, packet(i), 10);
        packets.tick(20);
        expect(taken).toEqual([-1, ...numbers]);
      }),
    );
  });

  it("wait for what is missing, and then go on without it", () => {
    const taken: [number, boolean][] = [];
    const packets = createOrderedPackets(({ timestamp }, whole) => taken.push([timestamp, whole]));
    packets.push(10, packet(10), 0);
    packets.push(12, packet(12), 10);
    packets.push(13, packet(13), 500);
    packets.tick(600);
    expect(taken).toEqual([[10, true]]);
    packets.tick(700);
    packets.push(11, packet(11), 710);
    expect(taken).toEqual([
      [10, true],
      [12, false],
      [13, true],
    ]);
  });

  it("aren't kept without end", () => {
    let taken = 0;
    const packets = createOrderedPackets(() => taken++);
    packets.push(0, packet(0), 0);
    for (let i = 2; i < 5_000; i++) packets.push(i, packet(i), 0);
    expect(taken).toBeGreaterThan(2_900);
  });
});
