import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { signalToNoise, tone } from "../testing/tones.ts";
import { createG722Decoder, createG722Encoder } from "./g722.ts";

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Noise, a saw and a high square: loud and soft in both bands. */
function testSignal(): Float32Array {
  let seed = 1;
  return Float32Array.from({ length: 6_400 }, (_, i) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    const noise = ((seed >> 16) % 2001) - 1000;
    const saw = ((i * 37) % 400) * 40 - 8000;
    const high = i > 3200 ? ((i >> 1) % 2 ? 3000 : -3000) : 0;
    return (noise + saw + high) / 32_768;
  });
}

function encode(pcm: Float32Array): Uint8Array {
  const encoder = createG722Encoder();
  const out = new Uint8Array(pcm.length / 2);
  for (let at = 0; at < pcm.length; at += 320) encoder.encode(pcm, at, out, at / 2);
  return out;
}

function decode(bytes: Uint8Array): Float32Array {
  const decoder = createG722Decoder();
  const out = new Float32Array(bytes.length * 2);
  for (let at = 0; at < bytes.length; at += 160) decoder.decode(bytes, at, 160, out, at * 2);
  return out;
}

describe("G.722", () => {
  it("encodes and decodes to the bit as libavcodec does (2026-11-25, 59.37)", () => {
    const bytes = encode(testSignal());
    expect(sha256(bytes)).toBe("6fe69c4103acc52af892e2f43ce53105af9d83308e39e91d599318104be4f752");
    const samples = Int16Array.from(decode(bytes), sample => sample * 32_768);
    expect(sha256(new Uint8Array(samples.buffer))).toBe(
      "657d8774a80e0f39aed745695325af4544c91c9bfc372b3d11d4a019568b1138",
    );
  });

  it("keeps speech-like sound 20 dB above its noise", () => {
    const low = tone(300, 16_000, 6_400, 0.3);
    const pcm = tone(5_000, 16_000, 6_400, 0.05).map((sample, i) => sample + low[i]!);
    // The two filters delay by 22 samples.
    expect(signalToNoise(pcm, decode(encode(pcm)), 22, 800)).toBeGreaterThan(20);
  });

  it("refuses packets that are empty or endless", () => {
    const decoder = createG722Decoder();
    expect(decoder.decode(new Uint8Array(0), 0, 0, new Float32Array(1_920), 0)).toBe(-1);
    expect(decoder.decode(new Uint8Array(1_500), 0, 1_500, new Float32Array(1_920), 0)).toBe(-1);
  });
});
