/**
 * G.711: µ-law and A-law by table (ITU-T G.711, 11/88). One byte a sample, 8 kHz.
 * @module
 */
import type { AudioDecoder, AudioEncoder } from "./audio-codec.ts";
import { createConcealment } from "./concealment.ts";

const RATE = 8_000;
const FRAME = 160;

/** The 16-bit sample that a µ-law byte stands for. */
export function decodeMuLaw(byte: number): number {
  const value = ~byte & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value & 0x70) >> 4)) - 0x84;
  return value & 0x80 ? 0 - magnitude : magnitude;
}

/** The 16-bit sample that an A-law byte stands for. */
export function decodeALaw(byte: number): number {
  const value = byte ^ 0x55;
  const segment = (value & 0x70) >> 4;
  const step = (value & 0x0f) << 4;
  const magnitude = segment === 0 ? step + 8 : (step + 0x108) << (segment - 1);
  return value & 0x80 ? magnitude : -magnitude;
}

/** The µ-law byte of a 16-bit sample. */
export function encodeMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + 0x84;
  const segment = 24 - Math.clz32(magnitude);
  return ~(sign | (segment << 4) | ((magnitude >> (segment + 3)) & 0x0f)) & 0xff;
}

/** The A-law byte of a 16-bit sample. */
export function encodeALaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  // The law counts down from -1: so a sample and its complement share a magnitude.
  const magnitude = (sample < 0 ? ~sample : sample) >> 4;
  const segment = magnitude < 16 ? 0 : 28 - Math.clz32(magnitude);
  const step = segment < 2 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f;
  return (sign | (segment << 4) | step) ^ 0x55;
}

interface Law {
  readonly codec: "pcmu" | "pcma";
  readonly toFloat: Float32Array;
  /** By the sample plus 32768. */
  readonly toByte: Uint8Array;
}

function law(codec: Law["codec"], decode: (byte: number) => number, encode: (sample: number) => number): Law {
  return {
    codec,
    toFloat: Float32Array.from({ length: 256 }, (_, byte) => decode(byte) / 32_768),
    toByte: Uint8Array.from({ length: 65_536 }, (_, at) => encode(at - 32_768)),
  };
}

const laws: Partial<Record<Law["codec"], Law>> = {};
const lawOf = (codec: Law["codec"]): Law => {
  laws[codec] ??= codec === "pcmu" ? law(codec, decodeMuLaw, encodeMuLaw) : law(codec, decodeALaw, encodeALaw);
  return laws[codec];
};

/** Decodes G.711 to 8 kHz mono. Lost sound is filled with the last pitch period. */
export function createG711Decoder(codec: "pcmu" | "pcma"): AudioDecoder {
  const { toFloat } = lawOf(codec);
  const concealment = createConcealment(RATE);
  const longest = (RATE * 120) / 1000;
  return {
    rate: RATE,
    channels: 1,
    decode(bytes, offset, length, out, at) {
      if (length < 1 || length > longest) return -1;
      for (let i = 0; i < length; i++) out[at + i] = toFloat[bytes[offset + i]!]!;
      concealment.heard(out, at, length);
      return length;
    },
    conceal: (samples, out, at) => concealment.conceal(samples, out, at),
    recover: (_bytes, _offset, _length, samples, out, at) => concealment.conceal(samples, out, at),
    close() {},
  };
}

/** Encodes 8 kHz mono to G.711. */
export function createG711Encoder(codec: "pcmu" | "pcma"): AudioEncoder {
  const { toByte } = lawOf(codec);
  return {
    codec,
    rate: RATE,
    channels: 1,
    frame: FRAME,
    encode(pcm, at, out, outAt) {
      for (let i = 0; i < FRAME; i++) {
        const sample = Math.max(-32_768, Math.min(32_767, Math.round(pcm[at + i]! * 32_768)));
        out[outAt + i] = toByte[sample + 32_768]!;
      }
      return FRAME;
    },
    close() {},
  };
}
