import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tone } from "../testing/tones.ts";
import { createPcmDecoder, createPcmEncoder, pcmBytes, pcmLevel } from "./pcm.ts";

describe("PCM", () => {
  it("gives every 16-bit sample back as it was", () => {
    const decoder = createPcmDecoder(48_000);
    const encoder = createPcmEncoder(48_000);
    const pcm = new Float32Array(960);
    const out = new Uint8Array(pcmBytes(48_000, 20));
    fc.assert(
      fc.property(fc.int16Array({ minLength: 960, maxLength: 960 }), samples => {
        const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
        expect(decoder.decode(bytes, 0, bytes.length, pcm, 0)).toBe(960);
        expect(encoder.encode(pcm, 0, out, 0)).toBe(1_920);
        expect(Buffer.compare(out, bytes)).toBe(0);
      }),
      { numRuns: 20 },
    );
  });

  it("clips what is too loud, and takes no half sample, nothing, or too much", () => {
    const encoder = createPcmEncoder(16_000);
    const out = new Uint8Array(640);
    encoder.encode(new Float32Array(320).fill(1.5), 0, out, 0);
    expect([...out.subarray(0, 2)]).toEqual([0xff, 0x7f]);
    encoder.encode(new Float32Array(320).fill(-1.5), 0, out, 0);
    expect([...out.subarray(0, 2)]).toEqual([0x00, 0x80]);
    const decoder = createPcmDecoder(16_000);
    for (const length of [0, 1, 3, 3_842]) {
      expect(decoder.decode(new Uint8Array(4_000), 0, length, new Float32Array(4_000), 0)).toBe(-1);
    }
  });

  it("is silent where something is missing", () => {
    const decoder = createPcmDecoder(16_000);
    const out = new Float32Array(320).fill(1);
    expect(decoder.conceal(160, out, 160)).toBe(160);
    expect([out[159], out[160], out[319]]).toEqual([1, 0, 0]);
  });

  it("has a level: a full sine 3 dB below full scale, silence 127", () => {
    const encoder = createPcmEncoder(48_000);
    const out = new Uint8Array(1_920);
    encoder.encode(tone(1_000, 48_000, 960, 1), 0, out, 0);
    expect(pcmLevel(out, 0, out.length)).toBe(3);
    encoder.encode(tone(1_000, 48_000, 960, 0.01), 0, out, 0);
    expect(pcmLevel(out, 0, out.length)).toBe(43);
    expect(pcmLevel(new Uint8Array(640), 0, 640)).toBe(127);
  });
});
