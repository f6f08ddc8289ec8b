import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { redPrimaryOffset } from "./red.ts";

const OPUS = 111;
/** Two redundant blocks of 3 and 2 bytes, then the primary. */
const two = Buffer.from([0x80 | OPUS, 0x0f, 0x00, 3, 0x80 | OPUS, 0x07, 0x80, 2, OPUS, 1, 1, 1, 2, 2, 9, 9, 9]);

describe("redPrimaryOffset", () => {
  it("finds the primary behind its redundant blocks", () => {
    expect(redPrimaryOffset(two, 0, two.length, OPUS)).toBe(14);
    const buffer = Buffer.concat([Buffer.alloc(7), two]);
    expect(redPrimaryOffset(buffer, 7, two.length, OPUS)).toBe(21);
  });

  it("finds a primary alone", () => {
    expect(redPrimaryOffset(Buffer.from([OPUS, 5, 6]), 0, 3, OPUS)).toBe(1);
  });

  it("refuses another payload type, blocks that don't fit, and a primary without data", () => {
    expect(redPrimaryOffset(two, 0, two.length, 96)).toBe(-1);
    expect(redPrimaryOffset(two, 0, 14, OPUS)).toBe(-1);
    expect(redPrimaryOffset(two, 0, 6, OPUS)).toBe(-1);
    expect(redPrimaryOffset(two, 0, 0, OPUS)).toBe(-1);
    expect(redPrimaryOffset(Buffer.from([OPUS]), 0, 1, OPUS)).toBe(-1);
  });

  it("stays within the payload for any bytes", { timeout: FUZZ_TIMEOUT }, () => {
    fuzz([two], bytes => {
      const offset = redPrimaryOffset(bytes, 0, bytes.length, OPUS);
      must(offset === -1 || (offset > 0 && offset < bytes.length), `${offset}`);
    });
  });
});
