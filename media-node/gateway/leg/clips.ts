/**
 * What callers are told, as tones: they mean the same in every language, and are made, not recorded.
 * @module
 */
import type { SampleRate } from "../../codec/audio-codec.ts";
import { PCM_SAMPLE } from "../../codec/pcm.ts";

/** Pairs of a frequency (Hz; 0: silence) and how long (ms). */
const CLIPS = {
  /** Enter the PIN, and #: two rising tones. */
  pin: [523, 180, 0, 40, 784, 260],
  /** It was wrong: three low ones. */
  "wrong-pin": [311, 160, 0, 90, 311, 160, 0, 90, 311, 260],
  /** It was wrong too often: a long falling row. */
  locked: [523, 250, 0, 30, 415, 250, 0, 30, 311, 250, 0, 30, 233, 600],
  /** You are in: a rising chord. */
  welcome: [523, 120, 659, 120, 784, 260],
} as const;

export type ClipName = keyof typeof CLIPS;
export const isClip = (name: string): name is ClipName => Object.hasOwn(CLIPS, name);

const AMPLITUDE = 0.2 * 32_767;
/** A tone comes and goes within so long (s): it would click. */
const EDGE = 0.008;

/** A clip as 16-bit PCM, little-endian, mono. */
export function clipPcm(name: ClipName, rate: SampleRate): Uint8Array {
  const parts: Buffer[] = [];
  const row = CLIPS[name];
  for (let at = 0; at < row.length; at += 2) {
    const frequency = row[at]!;
    const samples = (rate * row[at + 1]!) / 1_000;
    const part = Buffer.alloc(samples * PCM_SAMPLE);
    for (let i = 0; i < samples; i++) {
      const gain = Math.min(1, i / (EDGE * rate), (samples - i) / (EDGE * rate));
      part.writeInt16LE(Math.round(AMPLITUDE * gain * Math.sin((2 * Math.PI * frequency * i) / rate)), i * PCM_SAMPLE);
    }
    parts.push(part);
  }
  return Buffer.concat(parts);
}
