import { CODEC_ID, type Codec, type CodecName } from "./codec.ts";
import { h264 } from "./h264.ts";
import { opus } from "./opus.ts";
import { vp8 } from "./vp8.ts";

/** Every codec the node forwards. */
export const CODECS: Readonly<Record<CodecName, Codec>> = { opus, vp8, h264 };

/** How many codecs there are: the size of tables indexed by {@link Codec.id}. */
export const CODEC_COUNT = Object.keys(CODEC_ID).length;

/** The codec an SDP encoding name stands for, in any case, or undefined. */
export function codecOf(encodingName: string): Codec | undefined {
  const name = encodingName.toLowerCase();
  return Object.hasOwn(CODECS, name) ? CODECS[name as CodecName] : undefined;
}
