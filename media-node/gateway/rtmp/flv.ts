/**
 * Bodies of FLV's tags (Adobe's specification, annex E.4), which are what RTMP's audio and video messages hold.
 * @module
 */
import { readUint24 } from "../../rtp/bytes.ts";

const AVC = 7;
const AAC = 10;
/** Frame type of commands, which hold no frame. */
const COMMAND = 5;
/** The mark of enhanced RTMP: a name of four characters follows. */
const ENHANCED = 0x80;

/** Codecs by FLV's numbers. */
const VIDEO_NAMES: Readonly<Record<number, string>> = { 2: "H.263", 3: "screen video", 4: "VP6", 12: "H.265" };
const AUDIO_NAMES: Readonly<Record<number, string>> = { 2: "MP3", 11: "Speex", 14: "MP3", 9: "enhanced audio" };

export type FlvTag =
  /** What a decoder needs first: a configuration record of H.264, or AAC's AudioSpecificConfig. */
  | { readonly kind: "configuration"; readonly offset: number }
  /** A frame; `composition` is how much later (ms) than the message's time it is shown. */
  | { readonly kind: "frame"; readonly offset: number; readonly composition: number }
  /** Nothing that needs to be played. */
  | { readonly kind: "nothing" }
  /** Something else than H.264 or AAC. */
  | { readonly kind: "foreign"; readonly codec: string };

const NOTHING: FlvTag = { kind: "nothing" };

/** Tells what a video message holds, from `offset` to its end. */
export function readVideoTag(bytes: Buffer, length: number): FlvTag {
  if (length < 1) return NOTHING;
  const first = bytes[0]!;
  if (first & ENHANCED) {
    const codec = length < 5 ? "enhanced video" : bytes.toString("latin1", 1, 5).replace(/[^\w.-]/g, "?");
    return { kind: "foreign", codec };
  }
  const codec = first & 0x0f;
  if (first >> 4 === COMMAND) return NOTHING;
  if (codec !== AVC) return { kind: "foreign", codec: VIDEO_NAMES[codec] ?? `video codec ${codec}` };
  if (length <= 5) return NOTHING;
  if (bytes[1] === 0) return { kind: "configuration", offset: 5 };
  if (bytes[1] !== 1) return NOTHING;
  // 24 bits with a sign.
  return { kind: "frame", offset: 5, composition: (readUint24(bytes, 2) << 8) >> 8 };
}

/** Tells what an audio message holds, from `offset` to its end. */
export function readAudioTag(bytes: Buffer, length: number): FlvTag {
  if (length < 1) return NOTHING;
  const codec = bytes[0]! >> 4;
  if (codec !== AAC) return { kind: "foreign", codec: AUDIO_NAMES[codec] ?? `audio codec ${codec}` };
  if (length <= 2) return NOTHING;
  return bytes[1] === 0 ? { kind: "configuration", offset: 2 } : { kind: "frame", offset: 2, composition: 0 };
}
