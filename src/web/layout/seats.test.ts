import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { seatSpeakers, takeSeats } from "./seats.ts";

const people = fc.uniqueArray(fc.constantFrom(..."abcdefghijklmnop"), { maxLength: 16 });

describe("takeSeats", () => {
  it("seats everybody present once and nobody else", () => {
    fc.assert(
      fc.property(people, people, (before, now) => {
        expect([...takeSeats(takeSeats([], before), now)].sort()).toEqual([...now].sort());
      }),
    );
  });

  it("moves at most as many as have left", () => {
    fc.assert(
      fc.property(people, people, (before, now) => {
        const old = takeSeats([], before);
        const seats = takeSeats(old, now);
        const gone = old.filter(key => !now.includes(key)).length;
        const moved = old.filter(key => now.includes(key) && seats.indexOf(key) !== old.indexOf(key)).length;
        expect(moved).toBeLessThanOrEqual(gone);
      }),
    );
  });

  it("fills a gap from the end and puts who comes last", () => {
    expect(takeSeats(["a", "b", "c", "d"], ["a", "c", "d"])).toEqual(["a", "d", "c"]);
    expect(takeSeats(["a", "b"], ["a", "b", "c"])).toEqual(["a", "b", "c"]);
  });

  it("returns the same array when nobody came or went, whatever the order of arrival says", () => {
    const seats = ["b", "a"];
    expect(takeSeats(seats, ["a", "b"])).toBe(seats);
  });
});

describe("seatSpeakers", () => {
  const at = (times: Record<string, number>) => new Map(Object.entries(times));

  it("leaves a room alone that fits", () => {
    const seats = ["a", "b"];
    expect(seatSpeakers(seats, 2, at({ b: 5 }))).toBe(seats);
  });

  it("swaps a hidden speaker with whoever in sight was silent longest", () => {
    expect(seatSpeakers(["a", "b", "c", "d"], 3, at({ a: 9, b: 2, c: 7, d: 10 }))).toEqual(["a", "d", "c", "b"]);
  });

  it("doesn't move anybody for a speaker who is in sight", () => {
    const seats = ["a", "b", "c"];
    expect(seatSpeakers(seats, 2, at({ a: 1, b: 3 }))).toBe(seats);
  });

  it("keeps everybody, and keeps the latest speakers in sight", () => {
    const times = fc.dictionary(fc.constantFrom(..."abcdefghijklmnop"), fc.integer({ min: 1, max: 1000 }));
    fc.assert(
      fc.property(people, fc.integer({ min: 1, max: 16 }), times, (seats, inSight, spoke) => {
        const next = seatSpeakers(seats, inSight, at(spoke));
        expect([...next].sort()).toEqual([...seats].sort());
        const time = (key: string) => spoke[key] ?? 0;
        const quietestSeen = Math.min(...next.slice(0, inSight).map(time));
        for (const hidden of next.slice(inSight)) expect(time(hidden)).toBeLessThanOrEqual(quietestSeen);
      }),
    );
  });
});
