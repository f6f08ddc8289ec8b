import { describe, expect, it } from "vitest";
import { tone } from "../testing/tones.ts";
import { createG711Decoder, createG711Encoder, decodeALaw, decodeMuLaw, encodeALaw, encodeMuLaw } from "./g711.ts";

const bytes = Array.from({ length: 256 }, (_, byte) => byte);

describe("G.711", () => {
  it("has the recommendation's corner values", () => {
    expect([0x00, 0x80, 0x7f, 0xff, 0x8f, 0xf0].map(decodeMuLaw)).toEqual([-32_124, 32_124, 0, 0, 16_764, 120]);
    expect([0x2a, 0xaa, 0x55, 0xd5, 0xd4, 0x80].map(decodeALaw)).toEqual([-32_256, 32_256, -8, 8, 24, 5504]);
  });

  it("encodes what it decoded to the same byte, for all bytes", () => {
    // µ-law has two zeros.
    for (const byte of bytes) expect(encodeMuLaw(decodeMuLaw(byte))).toBe(byte === 0x7f ? 0xff : byte);
    for (const byte of bytes) expect(encodeALaw(decodeALaw(byte))).toBe(byte);
  });

  it("encodes every sample to the nearest value there is, but for the laws' decision levels", () => {
    for (const [decode, encode] of [
      [decodeMuLaw, encodeMuLaw],
      [decodeALaw, encodeALaw],
    ] as const) {
      const values = bytes.map(decode).sort((a, b) => a - b);
      let place = 0;
      for (let sample = -32_768; sample < 32_768; sample++) {
        while (place < 255 && Math.abs(values[place + 1]! - sample) <= Math.abs(values[place]! - sample)) place++;
        const nearest = Math.abs(values[place]! - sample);
        const got = Math.abs(decode(encode(sample)) - sample);
        // Ties and the step between two segments may go either way.
        const step = Math.max(1, Math.abs(values[Math.min(255, place + 1)]! - values[Math.max(0, place - 1)]!) / 2);
        expect(got).toBeLessThanOrEqual(nearest + step / 2);
      }
    }
  });

  it("never falls where the sample rises", () => {
    for (let sample = -32_768; sample < 32_767; sample++) {
      expect(decodeMuLaw(encodeMuLaw(sample + 1))).toBeGreaterThanOrEqual(decodeMuLaw(encodeMuLaw(sample)));
      expect(decodeALaw(encodeALaw(sample + 1))).toBeGreaterThanOrEqual(decodeALaw(encodeALaw(sample)));
    }
  });

  it("takes and gives floats, loud ones clipped", () => {
    const pcm = tone(440, 8_000, 160, 1.5);
    const packet = new Uint8Array(160);
    const out = new Float32Array(960);
    expect(createG711Encoder("pcma").encode(pcm, 0, packet, 0)).toBe(160);
    expect(createG711Decoder("pcma").decode(packet, 0, 160, out, 0)).toBe(160);
    for (let i = 0; i < 160; i++) expect(out[i]).toBeCloseTo(Math.max(-0.984, Math.min(0.984, pcm[i]!)), 1);
  });

  it("refuses packets that are empty or endless", () => {
    const decoder = createG711Decoder("pcmu");
    expect(decoder.decode(new Uint8Array(0), 0, 0, new Float32Array(960), 0)).toBe(-1);
    expect(decoder.decode(new Uint8Array(1_500), 0, 1_500, new Float32Array(960), 0)).toBe(-1);
  });
});
