import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { createPayloadInfo } from "./codec.ts";
import { h264 } from "./h264.ts";

const SPS = [0x67, 0x42, 0xc0, 0x1f];
const PPS = [0x68, 0xce];
const IDR = [0x65, 0x88, 0x84];
const SLICE = [0x41, 0x9a, 0x00];
const stapA = (...units: number[][]) => [0x78, ...units.flatMap(unit => [0, unit.length, ...unit])];

function inspect(payload: number[]) {
  const info = createPayloadInfo();
  const taken = h264.inspect(Buffer.from(payload), 0, payload.length, 0, info);
  return taken ? { key: info.keyFrame, start: info.frameStart, sets: info.parameterSets } : undefined;
}

describe("H.264", () => {
  const cases: [string, number[], ReturnType<typeof inspect>][] = [
    ["a parameter set alone", SPS, { key: true, start: true, sets: true }],
    ["an IDR slice alone", IDR, { key: true, start: true, sets: false }],
    ["another slice", SLICE, { key: false, start: true, sets: false }],
    ["an aggregate of parameter sets", stapA(SPS, PPS), { key: true, start: true, sets: true }],
    ["an aggregate of slices", stapA(SLICE, SLICE), { key: false, start: true, sets: false }],
    ["an aggregate with an IDR slice", stapA(PPS, IDR), { key: true, start: true, sets: false }],
    ["the first fragment of an IDR slice", [0x7c, 0x85, 1, 2], { key: true, start: true, sets: false }],
    ["a later fragment of an IDR slice", [0x7c, 0x05, 1, 2], { key: false, start: false, sets: false }],
    ["the first fragment of another slice", [0x5c, 0x81, 1], { key: false, start: true, sets: false }],
    ["a fragment without its header", [0x7c], undefined],
    ["an empty aggregate", [0x78], undefined],
    ["a unit longer than its aggregate", [0x78, 0, 9, 0x67, 1], undefined],
    ["a unit of no length", [0x78, 0, 0, 0x67], undefined],
    ["an aggregate with a rest", [...stapA(SPS), 0], undefined],
  ];
  for (const [name, payload, expected] of cases) {
    it(`tells ${name}`, () => expect(inspect(payload)).toEqual(expected));
  }

  it("stays within the payload for any bytes", { timeout: FUZZ_TIMEOUT }, () => {
    const info = createPayloadInfo();
    const samples = cases.map(([, payload]) => Buffer.from(payload));
    fuzz(samples, bytes => {
      // The neighbour in the buffer must make no difference.
      const alone = h264.inspect(bytes, 0, bytes.length, 0, info);
      const key = info.keyFrame;
      const behind = Buffer.concat([bytes, Buffer.from([0, 4, ...SPS])]);
      must(h264.inspect(behind, 0, bytes.length, 0, info) === alone, "neighbour");
      must(!alone || info.keyFrame === key, "key frame");
    });
  });
});
