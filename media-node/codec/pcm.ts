/**
 * Sound as it is: 16-bit samples, little-endian, mono. Between programs and the node; never on the network.
 * @module
 */
import { type AudioDecoder, type AudioEncoder, MAX_PACKET_TIME, type SampleRate } from "./audio-codec.ts";

const FULL_SCALE = 32_768;

/** Silence, as RFC 6464 has it. */
export const SILENT_LEVEL = 127;

/** Bytes of a sample. */
export const PCM_SAMPLE = 2;

/** Bytes of so much sound (ms). */
export const pcmBytes = (rate: SampleRate, time: number): number => ((rate * time) / 1000) * PCM_SAMPLE;

/** Reads PCM of `rate`. What isn't there is silence: programs say all that is to be heard. */
export function createPcmDecoder(rate: SampleRate): AudioDecoder {
  const longest = pcmBytes(rate, MAX_PACKET_TIME);
  const silence = (samples: number, out: Float32Array, at: number): number => {
    out.fill(0, at, at + samples);
    return samples;
  };
  return {
    rate,
    channels: 1,
    decode(bytes, offset, length, out, at) {
      if (length < PCM_SAMPLE || length % PCM_SAMPLE !== 0 || length > longest) return -1;
      const samples = length / PCM_SAMPLE;
      for (let i = 0; i < samples; i++) {
        const sample = bytes[offset + 2 * i]! | (bytes[offset + 2 * i + 1]! << 8);
        out[at + i] = ((sample << 16) >> 16) / FULL_SCALE;
      }
      return samples;
    },
    conceal: silence,
    recover: (_bytes, _offset, _length, samples, out, at) => silence(samples, out, at),
    close() {},
  };
}

/** Writes PCM of `rate`. */
export function createPcmEncoder(rate: SampleRate): AudioEncoder {
  const frame = rate / 50;
  return {
    codec: "pcm",
    rate,
    channels: 1,
    frame,
    encode(pcm, at, out, outAt) {
      for (let i = 0; i < frame; i++) {
        const sample = Math.max(-FULL_SCALE, Math.min(FULL_SCALE - 1, Math.round(pcm[at + i]! * FULL_SCALE)));
        out[outAt + 2 * i] = sample & 0xff;
        out[outAt + 2 * i + 1] = (sample >> 8) & 0xff;
      }
      return frame * PCM_SAMPLE;
    },
    close() {},
  };
}

/** How loud PCM is, as RFC 6464 has it: dB below full scale, 0 loudest to 127. */
export function pcmLevel(bytes: Uint8Array, offset: number, length: number): number {
  let sum = 0;
  for (let i = offset; i < offset + length; i += PCM_SAMPLE) {
    const sample = ((bytes[i]! | (bytes[i + 1]! << 8)) << 16) >> 16;
    sum += sample * sample;
  }
  return levelOf((sum * PCM_SAMPLE) / (length * FULL_SCALE * FULL_SCALE));
}

/** How loud the first so many floats of sound are, likewise. */
export function soundLevel(pcm: Float32Array, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += pcm[i]! * pcm[i]!;
  return levelOf(sum / length);
}

const levelOf = (power: number): number =>
  power <= 0 ? SILENT_LEVEL : Math.max(0, Math.min(SILENT_LEVEL, Math.round(-10 * Math.log10(power))));
