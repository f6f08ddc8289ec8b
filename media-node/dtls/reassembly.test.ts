import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeFragment, fragmentMessage, readFragments } from "./handshake-message.ts";
import { createReassembler } from "./reassembly.ts";

const course = [
  { type: 1, limit: 2_000 },
  { type: 11, limit: 500 },
];
const body = (length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (at * 7 + length) & 255);
const fragment = (sequence: number, offset: number, end: number, whole = body(end)) => ({
  type: course[sequence]!.type,
  length: whole.length,
  sequence,
  offset,
  data: whole.subarray(offset, end),
});

describe("reassembly", () => {
  it("gives messages in order from fragments in any order, repeated and overlapping", () => {
    const cuts = fc.array(fc.tuple(fc.nat(1_500), fc.integer({ min: 1, max: 700 })), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_500 }),
        cuts,
        fc.integer({ min: 20, max: 400 }),
        (length, extra, limit) => {
          const first = { type: 1, sequence: 0, body: body(length) };
          const second = { type: 11, sequence: 1, body: body(300) };
          const pieces = [first, second].flatMap(message => fragmentMessage(message, limit));
          for (const [at, size] of extra) {
            const offset = at % length;
            const end = Math.min(length, offset + size);
            pieces.push(encodeFragment(fragment(0, offset, end, first.body)));
          }
          // A fixed shuffle that depends on the input.
          pieces.sort((a, b) => ((a.length * 31 + a[8]!) % 17) - ((b.length * 31 + b[8]!) % 17));
          const reassembler = createReassembler(course);
          const out = [];
          for (const piece of pieces) {
            for (const part of readFragments(piece)!) reassembler.add(part);
            for (let next = reassembler.next(); next; next = reassembler.next()) out.push(next);
          }
          expect(out).toEqual([first, second]);
        },
      ),
    );
  });

  it("holds a message back until it is whole, and tells repeats of a delivered one", () => {
    const reassembler = createReassembler(course);
    const whole = body(100);
    expect(reassembler.add(fragment(0, 0, 60, whole))).toBe("kept");
    expect(reassembler.next()).toBeUndefined();
    expect(reassembler.add(fragment(0, 61, 100, whole))).toBe("kept");
    expect(reassembler.next()).toBeUndefined();
    reassembler.add(fragment(0, 60, 61, whole));
    expect(reassembler.next()?.body).toEqual(whole);
    expect(reassembler.next()).toBeUndefined();
    expect(reassembler.add(fragment(0, 0, 60, whole))).toBe("old");
  });

  it("refuses other types, undue lengths, empty pieces and messages beyond the course", () => {
    const reassembler = createReassembler(course);
    expect(reassembler.add({ ...fragment(0, 0, 10), type: 11 })).toBe("refused");
    expect(reassembler.add({ ...fragment(0, 0, 10), length: 2_001 })).toBe("refused");
    expect(reassembler.add({ ...fragment(0, 0, 10), data: new Uint8Array(0) })).toBe("refused");
    expect(reassembler.add({ ...fragment(0, 0, 10), sequence: 2 })).toBe("refused");
    expect(reassembler.add({ ...fragment(0, 0, 10), sequence: 65_535 })).toBe("refused");
  });

  it("recovers from a forged fragment that lied about the length", () => {
    const reassembler = createReassembler(course);
    reassembler.add(fragment(0, 0, 10, body(1_999)));
    reassembler.add(fragment(0, 0, 40));
    expect(reassembler.next()?.body).toEqual(body(40));
  });

  it("takes a message again after a rewind", () => {
    const reassembler = createReassembler(course);
    reassembler.add(fragment(0, 0, 40));
    reassembler.next();
    reassembler.rewind();
    expect(reassembler.next()).toBeUndefined();
    reassembler.add(fragment(0, 0, 50));
    expect(reassembler.next()?.body).toEqual(body(50));
  });
});

describe("readFragments", () => {
  it("is undefined when a fragment overruns its message or its record", () => {
    expect(readFragments(encodeFragment({ ...fragment(0, 0, 10), offset: 1 }))).toBeUndefined();
    expect(readFragments(encodeFragment(fragment(0, 0, 10)).subarray(0, 21))).toBeUndefined();
    expect(readFragments(Uint8Array.of(1, 0))).toBeUndefined();
  });
});
