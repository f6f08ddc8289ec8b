import { CODEC_ID, type Codec, type PayloadInfo, plainDescriptor } from "./codec.ts";

/** What is assumed where the TOC makes no sense, as it may when the payload is encrypted end to end. */
const DEFAULT_DURATION = 960;
const MAX_DURATION = 5760;

/** Duration of an Opus packet in samples at 48 kHz from its TOC (RFC 6716 §3.1), 20 ms where that is nonsense. */
export function opusDuration(bytes: Uint8Array, offset: number, length: number): number {
  if (length < 1) return DEFAULT_DURATION;
  const toc = bytes[offset]!;
  const config = toc >> 3;
  let frame: number;
  if (config < 12) frame = (config & 3) === 3 ? 2880 : 480 << (config & 3);
  else if (config < 16) frame = 480 << (config & 1);
  else frame = 120 << (config & 3);
  const code = toc & 3;
  const frames = code === 0 ? 1 : code < 3 ? 2 : length < 2 ? 0 : bytes[offset + 1]! & 0x3f;
  const duration = frame * frames;
  return duration === 0 || duration > MAX_DURATION ? DEFAULT_DURATION : duration;
}

/** Opus (RFC 7587). Every packet may be the first. */
export const opus: Codec = {
  ...plainDescriptor,
  id: CODEC_ID.opus,
  name: "opus",
  media: "audio",
  clockRate: 48_000,
  needsKeyFrame: false,
  hasParameterSets: false,

  inspect(bytes: Uint8Array, offset: number, length: number, _previous: number, out: PayloadInfo): boolean {
    out.frameStart = true;
    out.keyFrame = true;
    out.parameterSets = false;
    out.descriptor = 0;
    out.duration = opusDuration(bytes, offset, length);
    return length > 0;
  },
};
