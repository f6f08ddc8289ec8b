/**
 * Opus (RFC 6716) decoded and encoded. libopus decodes any stream at any of its rates, so nothing is ever resampled.
 * @module
 */
import type { AudioDecoder, AudioEncoder, Channels, SampleRate } from "./audio-codec.ts";
import { MAX_ENCODED, MAX_PACKET_TIME } from "./audio-codec.ts";
import { type Libopus, loadLibopus, type Pointer } from "./libopus.ts";

/** The longest packet taken (bytes): what a datagram holds. */
const MAX_PACKET = 1_500;

/** `OPUS_APPLICATION_*` and `OPUS_SET_*_REQUEST` of opus_defines.h. */
const APPLICATION = { voice: 2048, audio: 2049 } as const;
const SET = { bitrate: 4002, vbr: 4006, complexity: 4010, fec: 4012, loss: 4014 } as const;

/** Makes Opus decoders and encoders. */
export interface OpusFactory {
  createDecoder(rate: SampleRate, channels: Channels): AudioDecoder;
  createEncoder(options: OpusEncoderOptions): AudioEncoder;
}

export interface OpusEncoderOptions {
  readonly rate: SampleRate;
  readonly channels: Channels;
  /** Bits per second; default 32,000 a channel at 48 kHz, 24,000 at 16 and 16,000 at 8 kHz. */
  readonly bitrate?: number;
  /** 0 (cheapest) to 10; default 4. */
  readonly complexity?: number;
  /**
   * Codes for speech and repeats each frame, coarsely, in the next one (in-band FEC) against this share (%) of loss. Without,
   * the codec is free for any sound, which for a mix costs half.
   */
  readonly expectedLoss?: number;
}

const DEFAULT_BITRATE: Readonly<Record<SampleRate, number>> = { 8000: 24_000, 16000: 32_000, 48000: 32_000 };

/** Whether a packet holds two channels: a bit of its TOC (RFC 6716 §3.1). */
export function isStereoOpus(bytes: Uint8Array, offset: number, length: number): boolean {
  return length > 0 && (bytes[offset]! & 0x04) !== 0;
}

/** Loads libopus, once per thread. @throws Error when it can't be loaded */
export async function loadOpus(): Promise<OpusFactory> {
  const lib = await loadLibopus();
  return {
    createDecoder: (rate, channels) => createDecoder(lib, rate, channels),
    createEncoder: options => createEncoder(lib, options),
  };
}

/** Reserves memory of the codec. */
function reserve(lib: Libopus, bytes: number): Pointer {
  const pointer = lib._malloc(bytes);
  if (pointer === 0) throw new Error("libopus is out of memory");
  return pointer;
}

/** Calls a C constructor that tells failure by a pointer to an error code. */
function construct(lib: Libopus, make: (error: Pointer) => Pointer): Pointer {
  const error = reserve(lib, 4);
  const made = make(error);
  const code = lib.HEAP32[error >> 2];
  lib._free(error);
  if (made === 0 || code !== 0) throw new Error(`libopus refused: ${code}`);
  return made;
}

function createDecoder(lib: Libopus, rate: SampleRate, channels: Channels): AudioDecoder {
  const decoder = construct(lib, error => lib._oc_create_decoder(rate, channels, error));
  const longest = (rate * MAX_PACKET_TIME) / 1000;
  const packet = reserve(lib, MAX_PACKET);
  const pcm = reserve(lib, longest * channels * 4);
  let closed = false;

  function run(length: number, samples: number, recover: 0 | 1, out: Float32Array, at: number): number {
    const decoded = lib._oc_decode_float(decoder, length === 0 ? 0 : packet, length, pcm, samples, recover);
    if (decoded < 0) return -1;
    const from = pcm >> 2;
    const { HEAPF32 } = lib;
    for (let i = 0; i < decoded * channels; i++) out[at + i] = HEAPF32[from + i]!;
    return decoded;
  }

  function load(bytes: Uint8Array, offset: number, length: number): boolean {
    if (closed || length < 1 || length > MAX_PACKET) return false;
    const { HEAPU8 } = lib;
    for (let i = 0; i < length; i++) HEAPU8[packet + i] = bytes[offset + i]!;
    return true;
  }

  function conceal(samples: number, out: Float32Array, at: number): number {
    if (closed) return 0;
    // libopus makes up multiples of 2.5 ms.
    const unit = rate / 400;
    const whole = Math.min(longest, Math.max(unit, Math.round(samples / unit) * unit));
    return Math.max(0, run(0, whole, 0, out, at));
  }

  return {
    rate,
    channels,
    decode: (bytes, offset, length, out, at) => (load(bytes, offset, length) ? run(length, longest, 0, out, at) : -1),
    conceal,
    recover(bytes, offset, length, samples, out, at) {
      const unit = rate / 400;
      const whole = Math.min(longest, Math.max(unit, Math.round(samples / unit) * unit));
      const recovered = load(bytes, offset, length) ? run(length, whole, 1, out, at) : -1;
      return recovered < 0 ? conceal(samples, out, at) : recovered;
    },
    close() {
      if (closed) return;
      closed = true;
      lib._oc_destroy_decoder(decoder);
      lib._free(packet);
      lib._free(pcm);
    },
  };
}

function createEncoder(lib: Libopus, options: OpusEncoderOptions): AudioEncoder {
  const { rate, channels, complexity = 4, expectedLoss = 0 } = options;
  const bitrate = options.bitrate ?? DEFAULT_BITRATE[rate] * channels;
  const application = expectedLoss > 0 ? APPLICATION.voice : APPLICATION.audio;
  const encoder = construct(lib, error => lib._oc_create_encoder(rate, channels, application, error));
  const set = (request: number, value: number): void => {
    if (lib._oc_encoder_ctl(encoder, request, value) !== 0) throw new RangeError(`libopus refused ${request}=${value}`);
  };
  set(SET.bitrate, bitrate);
  set(SET.complexity, complexity);
  set(SET.vbr, 1);
  set(SET.fec, expectedLoss > 0 ? 1 : 0);
  set(SET.loss, expectedLoss);
  const frame = rate / 50;
  const pcmAt = reserve(lib, frame * channels * 4);
  const packet = reserve(lib, MAX_ENCODED);
  let closed = false;
  return {
    codec: "opus",
    rate,
    channels,
    frame,
    encode(pcm, at, out, outAt) {
      if (closed) return 0;
      const to = pcmAt >> 2;
      const { HEAPF32 } = lib;
      for (let i = 0; i < frame * channels; i++) HEAPF32[to + i] = pcm[at + i]!;
      const length = lib._oc_encode_float(encoder, pcmAt, frame, packet, MAX_ENCODED);
      if (length < 0) throw new Error(`libopus can't encode: ${length}`);
      const { HEAPU8 } = lib;
      for (let i = 0; i < length; i++) out[outAt + i] = HEAPU8[packet + i]!;
      return length;
    },
    close() {
      if (closed) return;
      closed = true;
      lib._oc_destroy_encoder(encoder);
      lib._free(pcmAt);
      lib._free(packet);
    },
  };
}
