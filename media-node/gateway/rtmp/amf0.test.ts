import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../../testing/fuzz.ts";
import { type Amf0Output, type Amf0Value, readAmf0, writeAmf0 } from "./amf0.ts";

const read = (bytes: Buffer): Amf0Value[] | undefined => readAmf0(bytes, 0, bytes.length);
const plain = (value: Amf0Value): unknown =>
  value instanceof Map ? Object.fromEntries([...value].map(([name, each]) => [name, plain(each)])) : value;

describe("AMF0", () => {
  it("reads what it writes", () => {
    const scalar = fc.oneof(fc.double({ noNaN: true }), fc.boolean(), fc.string({ maxLength: 20 }), fc.constant(null));
    const name = fc.string({ minLength: 1, maxLength: 10 }).filter(text => text !== "__proto__");
    const value = fc.oneof(scalar, fc.dictionary(name, scalar, { maxKeys: 5, noNullPrototype: true }));
    fc.assert(
      fc.property(fc.array(value, { maxLength: 8 }), values => {
        expect(read(writeAmf0(...(values as Amf0Output[])))?.map(plain)).toEqual(values);
      }),
    );
  });

  it("reads arrays, dates, long strings and undefined", () => {
    const time = Buffer.alloc(8);
    time.writeDoubleBE(1_500, 0);
    const bytes = Buffer.concat([
      Buffer.of(8, 0, 0, 0, 9, 0, 1, 97, 6, 0, 0, 9),
      Buffer.of(10, 0, 0, 0, 2, 1, 1, 5),
      ...[Buffer.of(11), time, Buffer.of(0, 0)],
      Buffer.of(12, 0, 0, 0, 2, 104, 105),
    ]);
    expect(read(bytes)).toEqual([new Map([["a", undefined]]), [true, null], 1_500, "hi"]);
  });

  it.each([
    ["of another kind", "04"],
    ["cut off", "0200056869"],
    ["an object without its end", "0300016105"],
    ["a length beyond all", "0affffffff05"],
  ])("refuses %s", (_name, hex) => {
    expect(read(Buffer.from(hex, "hex"))).toBeUndefined();
  });

  it("refuses what is too deep, and too many", () => {
    const nested = (depth: number): Buffer =>
      Buffer.concat([...Array.from({ length: depth }, () => Buffer.of(10, 0, 0, 0, 1)), Buffer.of(5)]);
    expect(read(nested(4))).toBeDefined();
    expect(read(nested(5))).toBeUndefined();
    expect(read(nested(100_000))).toBeUndefined();
    expect(read(Buffer.alloc(256, 5))).toHaveLength(256);
    expect(read(Buffer.alloc(257, 5))).toBeUndefined();
  });

  it("stays within its bytes, whatever they are", { timeout: FUZZ_TIMEOUT }, () => {
    const samples = [
      writeAmf0("connect", 1, { app: "live", flashVer: "FMLE/3.0", objectEncoding: 0 }),
      writeAmf0("publish", 5, null, "key", "live"),
      Buffer.of(8, 0, 0, 0, 1, 0, 1, 97, 10, 0, 0, 0, 1, 5, 0, 0, 9),
    ];
    fuzz(samples, bytes => {
      const alone = readAmf0(bytes, 0, bytes.length);
      const beside = readAmf0(Buffer.concat([bytes, Buffer.alloc(16, 5)]), 0, bytes.length);
      must((alone === undefined) === (beside === undefined), "neighbour");
      must(alone === undefined || alone.length <= 256, "too many");
    });
  });
});
