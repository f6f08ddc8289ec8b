import { CODEC_ID, type Codec, type PayloadInfo, plainDescriptor } from "./codec.ts";

// NAL unit types (RFC 6184 §5.2).
const IDR = 5;
const SPS = 7;
const STAP_A = 24;
const FU_A = 28;

/** H.264 in packetization modes 0 and 1 (RFC 6184): single NAL units, STAP-A and FU-A. */
export const h264: Codec = {
  ...plainDescriptor,
  id: CODEC_ID.h264,
  name: "h264",
  media: "video",
  clockRate: 90_000,
  needsKeyFrame: true,
  hasParameterSets: true,

  inspect(bytes: Uint8Array, offset: number, length: number, _previous: number, out: PayloadInfo): boolean {
    if (length < 1) return false;
    out.descriptor = 0;
    out.duration = 0;
    out.frameStart = true;
    out.keyFrame = false;
    out.parameterSets = false;
    const type = bytes[offset]! & 0x1f;
    if (type === FU_A) {
      if (length < 2) return false;
      out.frameStart = (bytes[offset + 1]! & 0x80) !== 0;
      if (out.frameStart) note(bytes[offset + 1]! & 0x1f, out);
      return true;
    }
    if (type === STAP_A) return inspectAggregate(bytes, offset + 1, offset + length, out);
    note(type, out);
    return true;
  },
};

function note(type: number, out: PayloadInfo): void {
  if (type === SPS) out.parameterSets = true;
  if (type === SPS || type === IDR) out.keyFrame = true;
}

/** A unit that claims to be longer than the packet makes all of it malformed. */
function inspectAggregate(bytes: Uint8Array, from: number, end: number, out: PayloadInfo): boolean {
  let position = from;
  while (position < end) {
    if (position + 3 > end) return false;
    const size = (bytes[position]! << 8) | bytes[position + 1]!;
    if (size === 0 || position + 2 + size > end) return false;
    note(bytes[position + 2]! & 0x1f, out);
    position += 2 + size;
  }
  return from < end;
}
