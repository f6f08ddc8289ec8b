import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Vp8RtpPayload } from "werift";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { createPayloadInfo } from "./codec.ts";
import {
  packVp8,
  vp8,
  vp8DescriptorLength,
  vp8FrameSize,
  vp8KeyIndex,
  vp8PictureId,
  vp8TemporalLayer,
  vp8Tl0PictureIndex,
} from "./vp8.ts";

const KEY_FRAME = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
const bare = Buffer.from([0x10, ...KEY_FRAME]);
const narrow = Buffer.from([0x90, 0x80, 0x55, ...KEY_FRAME]);
const wide = Buffer.from([0x90, 0xf0, 0x92, 0x34, 0x07, 0x65, ...KEY_FRAME]);
const delta = Buffer.from([0x90, 0xf0, 0x92, 0x35, 0x08, 0x65, 0x01, 0x02]);
const middle = Buffer.from([0x80, 0xf0, 0x92, 0x34, 0x07, 0x65, 0x00, 0x02]);
const samples = [bare, narrow, wide, delta, middle];

function inspect(payload: Buffer, previous = 0) {
  const info = createPayloadInfo();
  return { taken: vp8.inspect(payload, 0, payload.length, previous, info), info };
}

describe("VP8", () => {
  it("reads all of a descriptor", () => {
    const { taken, info } = inspect(wide);
    expect(taken).toBe(true);
    expect(info).toMatchObject({ frameStart: true, keyFrame: true, duration: 0 });
    expect(vp8PictureId(info.descriptor)).toBe(0x1234);
    expect(vp8Tl0PictureIndex(info.descriptor)).toBe(7);
    expect(vp8KeyIndex(info.descriptor)).toBe(5);
    expect(vp8TemporalLayer(wide, 0)).toBe(1);
  });

  it("takes as key frame only the first packet of one", () => {
    expect(inspect(delta).info).toMatchObject({ frameStart: true, keyFrame: false });
    expect(inspect(middle).info).toMatchObject({ frameStart: false, keyFrame: false });
    expect(inspect(bare).info).toMatchObject({ frameStart: true, keyFrame: true, descriptor: 0 });
    const secondPartition = Buffer.from(bare);
    secondPartition[0] = 0x11;
    expect(inspect(secondPartition).info).toMatchObject({ frameStart: false, keyFrame: false });
  });

  it("reads a key frame's size", () => {
    expect(vp8FrameSize(wide, 0, wide.length)).toBe(640 * 65_536 + 360);
    expect(vp8FrameSize(bare, 0, bare.length)).toBe(640 * 65_536 + 360);
    expect(vp8FrameSize(delta, 0, delta.length)).toBe(0);
    expect(vp8FrameSize(bare, 0, 10)).toBe(0);
  });

  it("refuses descriptors without a payload behind them", () => {
    for (const length of [0, 1, 2, 3, 4, 5, 6]) {
      expect(vp8.inspect(wide, 0, length, 0, createPayloadInfo()), `${length} bytes`).toBe(false);
    }
  });

  it("extends picture ids of 7 bits by the newest and stores them with 15", () => {
    const { info } = inspect(narrow, packVp8(0x0d5e, 0, 0));
    expect(vp8PictureId(info.descriptor)).toBe(0x0d55);
    expect(vp8PictureId(inspect(narrow, packVp8(0x0d02, 0, 0)).info.descriptor)).toBe(0x0cd5);
    const stored = Buffer.alloc(40);
    const length = vp8.store(narrow, 0, narrow.length, info, stored, 2);
    expect(length).toBe(narrow.length + 1);
    expect(vp8.growth).toBe(1);
    const again = inspect(stored.subarray(2, 2 + length));
    expect(again.info).toEqual(info);
    expect([...stored.subarray(6, 2 + length)]).toEqual(KEY_FRAME);
  });

  it("stores everything else as it is", () => {
    for (const payload of [bare, wide, delta, middle]) {
      const stored = Buffer.alloc(40);
      expect(vp8.store(payload, 0, payload.length, inspect(payload).info, stored, 3)).toBe(payload.length);
      expect(stored.subarray(3, 3 + payload.length).equals(payload)).toBe(true);
    }
  });

  it("puts a new stream's numbers directly behind the old one's, and keeps their steps", () => {
    const numbers = fc.tuple(fc.nat(0x7fff), fc.nat(255), fc.nat(31));
    fc.assert(
      fc.property(numbers, numbers, fc.nat(500), ([a, b, c], [d, e, f], frames) => {
        const previous = packVp8(a, b, c);
        const distance = vp8.distance(previous, packVp8(d, e, f));
        const later = vp8.shift(packVp8(d + frames, e + frames, f), distance);
        expect(vp8PictureId(later)).toBe((a + 1 + frames) & 0x7fff);
        expect(vp8Tl0PictureIndex(later)).toBe((b + 1 + frames) & 0xff);
        expect(vp8KeyIndex(later)).toBe((c + 1) & 0x1f);
      }),
    );
  });

  it("writes numbers into the fields a payload has and touches nothing else", () => {
    fc.assert(
      fc.property(fc.nat(0x7fff), fc.nat(255), fc.nat(31), (pictureId, tl0, keyIndex) => {
        const payload = Buffer.from(wide);
        vp8.rewrite(payload, 0, packVp8(pictureId, tl0, keyIndex));
        expect(inspect(payload).info.descriptor).toBe(packVp8(pictureId, tl0, keyIndex));
        expect(vp8TemporalLayer(payload, 0)).toBe(1);
        expect(payload.subarray(6).equals(wide.subarray(6))).toBe(true);
      }),
    );
    const untouched = Buffer.from(bare);
    vp8.rewrite(untouched, 0, packVp8(1, 2, 3));
    expect(untouched.equals(bare)).toBe(true);
  });

  it("stays within the payload for any bytes, and agrees with werift", { timeout: FUZZ_TIMEOUT }, () => {
    const info = createPayloadInfo();
    const stored = Buffer.alloc(500);
    fuzz(samples, (bytes, random) => {
      const size = vp8DescriptorLength(bytes, 0, bytes.length);
      const taken = vp8.inspect(bytes, 0, bytes.length, 0, info);
      must(taken === (size > 0 && size < bytes.length), "taken");
      if (!taken) return;
      const length = vp8.store(bytes, 0, bytes.length, info, stored, 0);
      must(length <= bytes.length + vp8.growth, "length");
      vp8.rewrite(stored, 0, info.descriptor);
      must(vp8DescriptorLength(stored, 0, length) === size + length - bytes.length, "descriptor");
      vp8FrameSize(bytes, 0, bytes.length);
      vp8TemporalLayer(bytes, 0);
      // Its parser is slow, and takes an extension without all fields for another one.
      if (!random.chance(0.01) || (bytes[0]! & 0x80) === 0 || (bytes[1]! & 0xf0) !== 0xf0) return;
      const oracle = Vp8RtpPayload.deSerialize(Buffer.from(bytes));
      must(oracle.isKeyframe === info.keyFrame || !info.frameStart, "key frame");
      must(oracle.payload.length === bytes.length - size, "payload");
    });
  });
});
