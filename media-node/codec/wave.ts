/**
 * Sound in files: WAVE with 16-bit PCM, mono, at a rate that needs no resampling.
 * @module
 */
import type { SampleRate } from "./audio-codec.ts";

const RATES: readonly number[] = [8_000, 16_000, 48_000] satisfies SampleRate[];
const PCM = 1;
/** PCM that says so in more words. */
const EXTENSIBLE = 0xfffe;
const FORMAT_BYTES = 16;

export interface Wave {
  readonly rate: SampleRate;
  readonly pcm: Float32Array;
}

/** @throws Error that says what a file should be */
export function readWave(bytes: Uint8Array): Wave {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.length < 12 || file.toString("latin1", 0, 4) !== "RIFF" || file.toString("latin1", 8, 12) !== "WAVE")
    throw new Error("is no WAVE file");
  let rate = 0;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString("latin1", at, at + 4);
    const from = at + 8;
    const length = Math.min(file.readUInt32LE(at + 4), file.length - from);
    if (name === "fmt " && length >= FORMAT_BYTES) rate = readFormat(file, from);
    if (name === "data" && rate > 0) return { rate: rate as SampleRate, pcm: readSamples(file, from, length) };
    // Chunks have even lengths.
    at = from + length + (length % 2);
  }
  throw new Error("has no sound in it");
}

function readFormat(file: Buffer, at: number): number {
  const [format, channels, rate, bits] = [
    file.readUInt16LE(at),
    file.readUInt16LE(at + 2),
    file.readUInt32LE(at + 4),
    file.readUInt16LE(at + 14),
  ];
  if ((format !== PCM && format !== EXTENSIBLE) || channels !== 1 || bits !== 16 || !RATES.includes(rate))
    throw new Error(`is to be 16-bit PCM, mono, at 8000, 16000 or 48000 Hz; not ${bits}-bit, ${channels}, ${rate} Hz`);
  return rate;
}

function readSamples(file: Buffer, at: number, length: number): Float32Array {
  const pcm = new Float32Array(length >> 1);
  for (let i = 0; i < pcm.length; i++) pcm[i] = file.readInt16LE(at + 2 * i) / 32_768;
  return pcm;
}
