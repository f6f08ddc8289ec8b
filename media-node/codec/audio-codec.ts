/**
 * Audio codecs that the node can decode and encode. What it merely forwards it needs no decoder for. `pcm` is what programs are
 * given and give.
 */
export const AUDIO_CODECS = ["opus", "pcmu", "pcma", "g722", "pcm"] as const;
export type AudioCodecName = (typeof AUDIO_CODECS)[number];

/** Rates of decoded sound (Hz). */
export type SampleRate = 8_000 | 16_000 | 48_000;
export type Channels = 1 | 2;

/** RTP clock rates: G.722's is half its sample rate, by an old mistake (RFC 3551 §4.5.2). PCM of any rate counts as Opus does. */
export const RTP_CLOCK: Readonly<Record<AudioCodecName, number>> = {
  opus: 48_000,
  pcmu: 8_000,
  pcma: 8_000,
  g722: 8_000,
  pcm: 48_000,
};

/** The longest sound a packet may hold (ms), as RFC 7587 has it for Opus. */
export const MAX_PACKET_TIME = 120;

/**
 * Turns packets of one stream, in order, into sound: floats from -1 to 1, channels interleaved. Lengths of sound count
 * samples per channel. Nothing is allocated per packet, and no bytes make it throw.
 */
export interface AudioDecoder {
  readonly rate: SampleRate;
  readonly channels: Channels;
  /**
   * Decodes a packet to `out` from `at` (an index, not a sample), which must have room for {@link MAX_PACKET_TIME}.
   * @returns the samples written, or -1 when the packet makes no sense.
   */
  decode(bytes: Uint8Array, offset: number, length: number, out: Float32Array, at: number): number;
  /** Makes up `samples` that got lost, fading out when more and more are. @returns the samples written. */
  conceal(samples: number, out: Float32Array, at: number): number;
  /**
   * Restores the last `samples` before a packet from what that packet repeats of them (in-band FEC), which isn't itself
   * decoded by that; makes them up where it repeats nothing. @returns the samples written.
   */
  recover(bytes: Uint8Array, offset: number, length: number, samples: number, out: Float32Array, at: number): number;
  /** Idempotent. */
  close(): void;
}

/** Turns sound into packets of one stream, a frame of 20 ms at a time. Nothing is allocated per frame. */
export interface AudioEncoder {
  readonly codec: AudioCodecName;
  readonly rate: SampleRate;
  readonly channels: Channels;
  /** Samples per channel of a frame. */
  readonly frame: number;
  /** Encodes a frame at `pcm[at]` to `out[outAt]`, with room for {@link MAX_ENCODED}. @returns the packet's length. */
  encode(pcm: Float32Array, at: number, out: Uint8Array, outAt: number): number;
  /** Idempotent. */
  close(): void;
}

/** Room for the longest packet that an {@link AudioEncoder} makes. */
export const MAX_ENCODED = 1_920;
