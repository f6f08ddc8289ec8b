import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createFramer } from "./framer.ts";

const stun = (length: number): Buffer => {
  const bytes = Buffer.alloc(20 + length);
  bytes[3] = length & 0xff;
  bytes[2] = length >> 8;
  return bytes;
};
const channel = (length: number): Buffer => {
  const bytes = Buffer.alloc(4 + ((length + 3) & ~3), 7);
  bytes.set([0x40, 0, length >> 8, length & 0xff]);
  return bytes;
};

describe("a stream of STUN and ChannelData", () => {
  it("is cut into the same frames however it arrives", () => {
    const frame = fc.oneof(
      fc.nat(30).map(words => stun(4 * words)),
      fc.nat(90).map(channel),
    );
    fc.assert(
      fc.property(
        fc.array(frame, { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }),
        (frames, cuts) => {
          const got: number[][] = [];
          const framer = createFramer(
            (bytes, offset, length) => got.push([...bytes.subarray(offset, offset + length)]) > 0,
          );
          const whole = Buffer.concat(frames);
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = cuts[i % cuts.length]!;
            expect(framer.push(whole.subarray(at, at + size), 2048)).toBe(true);
            at += size;
          }
          expect(got).toEqual(frames.map(each => [...each]));
          expect(framer.isPartial).toBe(false);
        },
      ),
    );
  });

  it("ends at bytes that begin nothing, at a frame that is too long, and at a refusal", () => {
    const framer = () => createFramer(() => true);
    expect(framer().push(Buffer.of(0x16, 3, 1), 2048)).toBe(false);
    expect(framer().push(Buffer.of(0, 1, 0, 3), 2048)).toBe(false);
    expect(framer().push(channel(2045).subarray(0, 4), 2048)).toBe(false);
    expect(createFramer(() => false).push(stun(0), 2048)).toBe(false);
    const slow = framer();
    expect(slow.push(stun(400).subarray(0, 5), 2048)).toBe(true);
    expect(slow.isPartial).toBe(true);
  });
});
