import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../../testing/fuzz.ts";
import { createH264Frames, type VideoFrame } from "./h264-frames.ts";
import { pictureSize } from "./parameter-sets.ts";

/** Made by x264: 320×180, constrained baseline; and 1280×720, high profile. */
const SPS = Buffer.from("6742c00cd901419f9f011000000300100000030320f142a480", "hex");
const HIGH_SPS = Buffer.from("6764001facb200a00b760220000003002000000641e30649", "hex");
const PPS = Buffer.from("68cb83cb20", "hex");
const idr = Buffer.concat([Buffer.of(0x65), Buffer.alloc(3_000, 7)]);
const slice = Buffer.concat([Buffer.of(0x41), Buffer.alloc(500, 9)]);

const aggregate = (...units: Buffer[]): Buffer =>
  Buffer.concat([Buffer.of(0x18), ...units.flatMap(unit => [Buffer.of(unit.length >> 8, unit.length & 0xff), unit])]);
function fragments(unit: Buffer, size: number): Buffer[] {
  const [header = 0] = unit;
  const parts: Buffer[] = [];
  for (let at = 1; at < unit.length; at += size) {
    const mark = (at === 1 ? 0x80 : 0) | (at + size >= unit.length ? 0x40 : 0);
    parts.push(Buffer.concat([Buffer.of((header & 0xe0) | 28, mark | (header & 0x1f)), unit.subarray(at, at + size)]));
  }
  return parts;
}
const lengthPrefixed = (unit: Buffer): Buffer => {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(unit.length);
  return Buffer.concat([head, unit]);
};

function receive(pictures: readonly Buffer[][], lost: ReadonlySet<number> = new Set()) {
  const got: VideoFrame[] = [];
  const frames = createH264Frames(frame => got.push(frame));
  let number = 0;
  let whole = true;
  for (const [i, payloads] of pictures.entries()) {
    for (const [k, payload] of payloads.entries()) {
      if (lost.has(number++)) {
        whole = false;
        continue;
      }
      frames.push({ payload, timestamp: i * 3_000, marker: k === payloads.length - 1 }, whole);
      whole = true;
    }
  }
  return { got, frames };
}

const key = [aggregate(SPS, PPS), ...fragments(idr, 1_100)];

describe("H.264 pictures", () => {
  it("are put together from single units, aggregates and fragments, as MP4 has them", () => {
    const { got, frames } = receive([key, [slice], fragments(slice, 100)]);
    expect(got.map(({ key, timestamp }) => [key, timestamp])).toEqual([
      [true, 0],
      [false, 3_000],
      [false, 6_000],
    ]);
    expect(got.map(({ bytes }) => bytes)).toEqual([lengthPrefixed(idr), lengthPrefixed(slice), lengthPrefixed(slice)]);
    expect([got[0]?.sps, got[0]?.pps]).toEqual([SPS, PPS]);
    expect(frames.needsKeyFrame).toBe(false);
  });

  it("end where the next begins, marker or not", () => {
    const got: VideoFrame[] = [];
    const frames = createH264Frames(frame => got.push(frame));
    for (const payload of key) frames.push({ payload, timestamp: 0, marker: false }, true);
    frames.push({ payload: slice, timestamp: 3_000, marker: false }, true);
    expect(got).toHaveLength(1);
  });

  it("that aren't whole are left out, with all up to the next key frame", () => {
    for (const lost of [0, 1, 2, key.length - 1]) {
      const { got } = receive([key, [slice], key, [slice]], new Set([lost]));
      expect(got.map(({ timestamp }) => timestamp)).toEqual([6_000, 9_000]);
    }
    const { got, frames } = receive([key, fragments(slice, 100), [slice]], new Set([key.length + 2]));
    expect(got.map(({ timestamp }) => timestamp)).toEqual([0]);
    expect(frames.needsKeyFrame).toBe(true);
  });

  it("are none without parameter sets", () => {
    expect(receive([fragments(idr, 1_100), [slice]]).got).toEqual([]);
  });

  it("are none with parameter sets longer than files have room for", () => {
    for (const set of [0x67, 0x68]) {
      const long = Buffer.concat([Buffer.of(set), Buffer.alloc(70_000, 1)]);
      expect(receive([[SPS, PPS, ...fragments(long, 1_100), ...fragments(idr, 1_100)], [slice]]).got).toEqual([]);
    }
  });

  it("never throw, whatever comes", { timeout: FUZZ_TIMEOUT }, () => {
    const frames = createH264Frames(({ bytes, sps }) => {
      must(bytes.length > 4, "an empty picture");
      pictureSize(sps);
    });
    let time = 0;
    fuzz([...key, slice, aggregate(SPS, PPS, slice)], (bytes, random) => {
      time += random.integer(0, 1);
      frames.push({ payload: bytes, timestamp: time, marker: random.chance(0.2) }, random.chance(0.95));
      pictureSize(bytes);
    });
  });
});

describe("a picture's size", () => {
  it("is what the parameter sets say, cropping included", () => {
    expect(pictureSize(SPS)).toEqual({ width: 320, height: 180 });
    expect(pictureSize(HIGH_SPS)).toEqual({ width: 1_280, height: 720 });
  });

  it("is none where they are cut off or mad", () => {
    for (let length = 0; length < 9; length++) expect(pictureSize(SPS.subarray(0, length))).toBeUndefined();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), bytes => {
        const size = pictureSize(Buffer.from(bytes));
        if (size === undefined) return;
        expect(size.width).toBeGreaterThan(0);
        expect(size.width).toBeLessThanOrEqual(16_384);
      }),
    );
  });
});
