import type { Channels } from "../codec/audio-codec.ts";

/** Adds `sign` × a frame of sound to another: both interleaved, mono into both channels, stereo into mono by halves. */
export function addSound(
  into: Float32Array,
  intoChannels: Channels,
  from: Float32Array,
  fromChannels: Channels,
  samples: number,
  sign: 1 | -1,
): void {
  if (intoChannels === fromChannels) {
    const length = samples * intoChannels;
    for (let i = 0; i < length; i++) into[i]! += sign * from[i]!;
  } else if (intoChannels === 2) {
    for (let i = 0; i < samples; i++) {
      const sample = sign * from[i]!;
      into[2 * i]! += sample;
      into[2 * i + 1]! += sample;
    }
  } else {
    const half = sign / 2;
    for (let i = 0; i < samples; i++) into[i]! += half * (from[2 * i]! + from[2 * i + 1]!);
  }
}
