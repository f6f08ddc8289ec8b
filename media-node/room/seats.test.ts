import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { assignSeats } from "./seats.ts";

describe("assignSeats", () => {
  it("lets who sits stay, and puts newcomers on free seats in order", () => {
    expect(assignSeats([1, undefined, 3], [3, 4, 1])).toEqual([1, 4, 3]);
    expect(assignSeats([1, 2, 3], [3, 4])).toEqual([4, undefined, 3]);
    expect(assignSeats([undefined, undefined], [7, 8, 9])).toEqual([7, 8]);
    expect(assignSeats([], [7])).toEqual([]);
  });

  it("seats exactly the most wanted, each once, and moves nobody", () => {
    const people = fc.uniqueArray(fc.nat(12), { maxLength: 10 });
    fc.assert(
      fc.property(people, people, fc.nat(4), (sitting, wanted, empty) => {
        const seats = [...sitting, ...new Array<undefined>(empty).fill(undefined)];
        const result = assignSeats(seats, wanted);
        expect(result.length).toBe(seats.length);
        const seated = result.filter(person => person !== undefined);
        expect(new Set(seated)).toEqual(new Set(wanted.slice(0, seats.length)));
        expect(new Set(seated).size).toBe(seated.length);
        for (const [i, person] of seats.entries()) {
          if (person !== undefined && seated.includes(person)) expect(result[i]).toBe(person);
        }
      }),
    );
  });
});
