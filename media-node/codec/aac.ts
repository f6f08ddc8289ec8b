/**
 * AAC, which no browser takes by WebRTC: decoded where somebody has installed a codec provider beside us. We bring none: it is a
 * native module, and AAC has its licences.
 * @module
 */
import { createResampler } from "./resampler.ts";

/** What may be installed: WebCodecs for programs. */
const PROVIDER = "@napi-rs/webcodecs";
const RATE = 48_000;
const FULL_SCALE = 32_767;
/** Frames (of 20 ms or so) that wait to be decoded at most; what comes then is left out. */
const MAX_WAITING = 50;
const MAX_CHANNELS = 2;

// The part of WebCodecs that we use; its types are the browser's, which this program has not.
interface AudioData {
  readonly numberOfFrames: number;
  readonly numberOfChannels: number;
  readonly sampleRate: number;
  copyTo(into: Float32Array, options: { planeIndex: number; format: "f32-planar" }): void;
  close(): void;
}
interface NativeDecoder {
  readonly decodeQueueSize: number;
  configure(config: { codec: string; sampleRate: number; numberOfChannels: number; description: Uint8Array }): void;
  decode(chunk: unknown): void;
  close(): void;
}
interface Provider {
  readonly AudioDecoder: new (init: {
    output: (data: AudioData) => void;
    error: (error: Error) => void;
  }) => NativeDecoder;
  readonly EncodedAudioChunk: new (init: { type: "key"; timestamp: number; data: Uint8Array }) => unknown;
}

/** A stream of AAC. */
export interface AacDecoder {
  /** Takes a frame, whose bytes are not kept. */
  decode(bytes: Uint8Array): void;
  /** Idempotent. */
  close(): void;
}

export interface AacOptions {
  /** The stream's AudioSpecificConfig (ISO 14496-3 §1.6). */
  readonly config: Uint8Array;
  /** Takes sound: 16-bit samples, little-endian, mono, 48 kHz. */
  readonly onPcm: (pcm: Uint8Array) => void;
  /** It can't be decoded (any more). */
  readonly onError: (why: string) => void;
}

/** What decodes AAC. */
export interface AacProvider {
  /** @returns undefined for a configuration that can't be read */
  open(options: AacOptions): AacDecoder | undefined;
}

/** Sample rates by their index. */
const RATES = [96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350];

/** Reads the beginning of an AudioSpecificConfig. @returns undefined for what isn't mono or stereo at one of the rates */
export function readAacConfig(
  config: Uint8Array,
): { readonly codec: string; readonly sampleRate: number; readonly numberOfChannels: number } | undefined {
  const [first = 0, second = 0] = config;
  const object = first >> 3;
  const sampleRate = RATES[((first & 7) << 1) | (second >> 7)];
  const numberOfChannels = (second >> 3) & 0x0f;
  // 2: AAC-LC; 5 and 29: HE-AAC.
  if (config.length < 2 || ![2, 5, 29].includes(object) || sampleRate === undefined) return undefined;
  if (numberOfChannels < 1 || numberOfChannels > MAX_CHANNELS) return undefined;
  return { codec: `mp4a.40.${object}`, sampleRate, numberOfChannels };
}

/** All channels as one. */
function mixDown(data: AudioData): Float32Array {
  const mono = new Float32Array(data.numberOfFrames);
  const plane = new Float32Array(data.numberOfFrames);
  for (let planeIndex = 0; planeIndex < data.numberOfChannels; planeIndex++) {
    data.copyTo(plane, { planeIndex, format: "f32-planar" });
    for (let i = 0; i < plane.length; i++) mono[i]! += plane[i]! / data.numberOfChannels;
  }
  return mono;
}

function pcmOf(samples: Float32Array): Uint8Array {
  const pcm = new Uint8Array(samples.length * 2);
  for (let i = 0; i < samples.length; i++) {
    const sample = Math.round(Math.max(-1, Math.min(1, samples[i]!)) * FULL_SCALE);
    pcm[2 * i] = sample & 0xff;
    pcm[2 * i + 1] = (sample >> 8) & 0xff;
  }
  return pcm;
}

function openDecoder(
  { AudioDecoder, EncodedAudioChunk }: Provider,
  { config, onPcm, onError }: AacOptions,
): AacDecoder | undefined {
  const read = readAacConfig(config);
  if (read === undefined) return undefined;
  let closed = false;
  let rate = 0;
  let resampler = createResampler(RATE, RATE);
  let timestamp = 0;

  function close(): void {
    if (closed) return;
    closed = true;
    decoder.close();
  }

  function fail(error: unknown): void {
    if (closed) return;
    closed = true;
    onError(error instanceof Error ? error.message : String(error));
  }

  const decoder = new AudioDecoder({
    output(data) {
      try {
        if (closed) return;
        // HE-AAC comes out at another rate than its configuration says.
        if (data.sampleRate !== rate) resampler = createResampler(data.sampleRate, RATE);
        rate = data.sampleRate;
        if (resampler) onPcm(pcmOf(resampler.push(mixDown(data))));
      } finally {
        data.close();
      }
    },
    error: fail,
  });
  try {
    decoder.configure({ ...read, description: Uint8Array.from(config) });
  } catch (error) {
    fail(error);
  }
  return {
    decode(bytes) {
      if (closed || decoder.decodeQueueSize > MAX_WAITING) return;
      timestamp += 20_000;
      try {
        decoder.decode(new EncodedAudioChunk({ type: "key", timestamp, data: Uint8Array.from(bytes) }));
      } catch (error) {
        fail(error);
      }
    },
    close,
  };
}

/** The provider that is installed, or undefined where none is. */
export async function loadAac(): Promise<AacProvider | undefined> {
  let provider: Provider;
  try {
    provider = (await import(PROVIDER)) as Provider;
    if (typeof provider.AudioDecoder !== "function") return undefined;
  } catch {
    // Not there, or not for this machine: sound is then left out, and whoever sends it is told.
    return undefined;
  }
  return { open: options => openDecoder(provider, options) };
}
