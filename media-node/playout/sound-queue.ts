import type { Channels, SampleRate } from "../codec/audio-codec.ts";
import { MAX_PACKET_TIME } from "../codec/audio-codec.ts";

/** Decoded sound that wasn't played yet: floats, channels interleaved, the next to play at 0. Counts samples per channel. */
export class SoundQueue {
  readonly pcm: Float32Array;
  samples = 0;
  channels: Channels = 1;

  /** Holds a 20 ms frame that isn't whole and the longest packet, made half as long again, in stereo. */
  constructor(rate: SampleRate) {
    this.pcm = new Float32Array(2 * Math.ceil((rate / 1000) * (20 + 1.5 * MAX_PACKET_TIME)));
  }

  /** Where the next sound goes. */
  get end(): number {
    return this.samples * this.channels;
  }

  /** What is there goes on in stereo. */
  widen(): void {
    if (this.channels === 2) return;
    this.channels = 2;
    for (let i = this.samples - 1; i >= 0; i--) {
      const sample = this.pcm[i]!;
      this.pcm[2 * i] = sample;
      this.pcm[2 * i + 1] = sample;
    }
  }

  silence(samples: number): void {
    this.pcm.fill(0, this.end, this.end + samples * this.channels);
    this.samples += samples;
  }

  /** Takes the next samples out, silence where there are none left. */
  take(samples: number, out: Float32Array, at: number): void {
    const there = Math.min(samples, this.samples);
    const length = there * this.channels;
    for (let i = 0; i < length; i++) out[at + i] = this.pcm[i]!;
    out.fill(0, at + length, at + samples * this.channels);
    this.pcm.copyWithin(0, length, this.end);
    this.samples -= there;
  }
}
