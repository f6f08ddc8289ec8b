import {
  type AudioCodecName,
  type AudioDecoder,
  type AudioEncoder,
  type Channels,
  RTP_CLOCK,
  type SampleRate,
} from "../codec/audio-codec.ts";
import { createG711Decoder, createG711Encoder } from "../codec/g711.ts";
import { createG722Decoder, createG722Encoder } from "../codec/g722.ts";
import type { OpusFactory } from "../codec/opus-audio.ts";
import { createPcmDecoder, createPcmEncoder } from "../codec/pcm.ts";

/** How a listener takes a mix: its codec, and the rate (Hz) it is mixed at, which for Opus and PCM is free. */
export type MixFormat =
  /** `continuous`: silence is sent, too, for who makes a file of it. */
  | { readonly codec: "opus"; readonly rate: SampleRate; readonly continuous?: true }
  | { readonly codec: "pcm"; readonly rate: SampleRate }
  | { readonly codec: "g722"; readonly rate: 16_000 }
  | { readonly codec: "pcmu" | "pcma"; readonly rate: 8_000 };

/** What browsers get. */
export const FULL_BAND: MixFormat = { codec: "opus", rate: 48_000 };

/** Two listeners of one key can share a mix. */
export const formatKey = (format: MixFormat): string => `${format.codec} ${format.rate} ${isDiscontinuous(format)}`;

/** Whether silence may be left out: those who play it know that only from Opus. */
export const isDiscontinuous = (format: MixFormat): boolean => format.codec === "opus" && format.continuous !== true;

/** Units of a format's RTP clock per 20 ms. */
export const frameUnits = ({ codec }: MixFormat): number => RTP_CLOCK[codec] / 50;

/** Channels a format can have at most. */
export const maxChannels = ({ codec }: MixFormat): Channels => (codec === "opus" ? 2 : 1);

/** Complexity of Opus: what telephones say is encoded once for all, and at their rates better is cheap. */
const NARROW = 5;
const FULL = 4;

export function createMixEncoder(opus: OpusFactory, { codec, rate }: MixFormat, channels: Channels): AudioEncoder {
  if (codec === "opus") return opus.createEncoder({ rate, channels, complexity: rate < 48_000 ? NARROW : FULL });
  if (codec === "pcm") return createPcmEncoder(rate);
  return codec === "g722" ? createG722Encoder() : createG711Encoder(codec);
}

/** A decoder of an input's codec at the rate of a mix; undefined where that would need resampling. */
export function createInputDecoder(
  opus: OpusFactory,
  codec: AudioCodecName,
  rate: SampleRate,
  channels: Channels,
): AudioDecoder | undefined {
  if (codec === "opus") return opus.createDecoder(rate, channels);
  if (codec === "pcm") return channels === 1 ? createPcmDecoder(rate) : undefined;
  const decoder = codec === "g722" ? createG722Decoder() : createG711Decoder(codec);
  return decoder.rate === rate && channels === 1 ? decoder : undefined;
}
