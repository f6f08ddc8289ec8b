import { CODEC_ID, type Codec, type PayloadInfo } from "./codec.ts";

// First byte of the payload descriptor (RFC 7741 §4.2).
const X = 0x80;
const S = 0x10;
const PID = 0x07;
// Extension byte.
const I = 0x80;
const L = 0x40;
const T_OR_K = 0x30;
/** Picture id of 15 bits. */
const M = 0x80;

const PICTURE_ID_SHIFT = 13;
const TL0_SHIFT = 5;

/** Packs picture id (15 bits), TL0PICIDX (8) and KEYIDX (5). */
export function packVp8(pictureId: number, tl0PictureIndex: number, keyIndex: number): number {
  return ((pictureId & 0x7fff) << PICTURE_ID_SHIFT) | ((tl0PictureIndex & 0xff) << TL0_SHIFT) | (keyIndex & 0x1f);
}

export function vp8PictureId(descriptor: number): number {
  return descriptor >>> PICTURE_ID_SHIFT;
}

export function vp8Tl0PictureIndex(descriptor: number): number {
  return (descriptor >> TL0_SHIFT) & 0xff;
}

export function vp8KeyIndex(descriptor: number): number {
  return descriptor & 0x1f;
}

/** Length of the payload descriptor, or -1 when it doesn't fit (RFC 7741 §4.2). */
export function vp8DescriptorLength(bytes: Uint8Array, offset: number, length: number): number {
  if (length < 1) return -1;
  let size = 1;
  if (bytes[offset]! & X) {
    if (length < 2) return -1;
    const extension = bytes[offset + 1]!;
    size = 2;
    if (extension & I) {
      if (length < 3) return -1;
      size += bytes[offset + 2]! & M ? 2 : 1;
    }
    if (extension & L) size++;
    if (extension & T_OR_K) size++;
  }
  return size > length ? -1 : size;
}

/** Temporal layer of a packet, or 0 where it names none. The descriptor must fit. */
export function vp8TemporalLayer(bytes: Uint8Array, offset: number): number {
  if ((bytes[offset]! & X) === 0) return 0;
  const extension = bytes[offset + 1]!;
  if ((extension & 0x20) === 0) return 0;
  let at = offset + 2;
  if (extension & I) at += bytes[at]! & M ? 2 : 1;
  if (extension & L) at++;
  return bytes[at]! >> 6;
}

/** Width in pixels of a key frame from its first packet, packed as `width * 65536 + height`, or 0 (RFC 6386 §9.1). */
export function vp8FrameSize(bytes: Uint8Array, offset: number, length: number): number {
  const descriptor = vp8DescriptorLength(bytes, offset, length);
  if (descriptor < 0 || length < descriptor + 10 || !startsFrame(bytes[offset]!)) return 0;
  const at = offset + descriptor;
  if (bytes[at]! & 1 || bytes[at + 3] !== 0x9d || bytes[at + 4] !== 0x01 || bytes[at + 5] !== 0x2a) return 0;
  const width = bytes[at + 6]! | ((bytes[at + 7]! & 0x3f) << 8);
  const height = bytes[at + 8]! | ((bytes[at + 9]! & 0x3f) << 8);
  return width * 65_536 + height;
}

function startsFrame(first: number): boolean {
  return (first & (S | PID)) === S;
}

/** Whether the picture id has 7 bits only. */
function isNarrow(bytes: Uint8Array, offset: number): boolean {
  return (bytes[offset]! & X) !== 0 && (bytes[offset + 1]! & I) !== 0 && (bytes[offset + 2]! & M) === 0;
}

/** VP8 (RFC 7741). */
export const vp8: Codec = {
  id: CODEC_ID.vp8,
  name: "vp8",
  media: "video",
  clockRate: 90_000,
  hasDescriptor: true,
  needsKeyFrame: true,
  hasParameterSets: false,
  growth: 1,

  inspect(bytes: Uint8Array, offset: number, length: number, previous: number, out: PayloadInfo): boolean {
    const size = vp8DescriptorLength(bytes, offset, length);
    // Frame data must follow: the key frame bit is there.
    if (size < 0 || size === length) return false;
    const first = bytes[offset]!;
    out.frameStart = startsFrame(first);
    out.keyFrame = out.frameStart && (bytes[offset + size]! & 1) === 0;
    out.parameterSets = false;
    out.duration = 0;
    out.descriptor = 0;
    if ((first & X) === 0) return true;
    const extension = bytes[offset + 1]!;
    let at = offset + 2;
    let pictureId = 0;
    if (extension & I) {
      if (bytes[at]! & M) {
        pictureId = ((bytes[at]! & 0x7f) << 8) | bytes[at + 1]!;
        at += 2;
      } else {
        const near = vp8PictureId(previous);
        pictureId = near + (((bytes[at++]! - near) << 25) >> 25);
      }
    }
    const tl0 = extension & L ? bytes[at++]! : 0;
    const keyIndex = extension & T_OR_K ? bytes[at]! : 0;
    out.descriptor = packVp8(pictureId, tl0, keyIndex);
    return true;
  },

  store(bytes: Buffer, offset: number, length: number, info: PayloadInfo, to: Buffer, at: number): number {
    if (!isNarrow(bytes, offset)) {
      bytes.copy(to, at, offset, offset + length);
      return length;
    }
    // A slot's picture ids have 15 bits whatever its source sends: 7 would restart the receiver's count at a switch.
    const pictureId = vp8PictureId(info.descriptor);
    to[at] = bytes[offset]!;
    to[at + 1] = bytes[offset + 1]!;
    to[at + 2] = M | (pictureId >> 8);
    to[at + 3] = pictureId;
    bytes.copy(to, at + 4, offset + 3, offset + length);
    return length + 1;
  },

  distance(previous: number, next: number): number {
    return packVp8(
      vp8PictureId(previous) + 1 - vp8PictureId(next),
      vp8Tl0PictureIndex(previous) + 1 - vp8Tl0PictureIndex(next),
      vp8KeyIndex(previous) + 1 - vp8KeyIndex(next),
    );
  },

  shift(descriptor: number, distance: number): number {
    return packVp8(
      vp8PictureId(descriptor) + vp8PictureId(distance),
      vp8Tl0PictureIndex(descriptor) + vp8Tl0PictureIndex(distance),
      vp8KeyIndex(descriptor) + vp8KeyIndex(distance),
    );
  },

  rewrite(bytes: Uint8Array, offset: number, descriptor: number): void {
    if ((bytes[offset]! & X) === 0) return;
    const extension = bytes[offset + 1]!;
    let at = offset + 2;
    if (extension & I) {
      const pictureId = descriptor >>> PICTURE_ID_SHIFT;
      bytes[at] = M | (pictureId >> 8);
      bytes[at + 1] = pictureId;
      at += 2;
    }
    if (extension & L) bytes[at++] = descriptor >> TL0_SHIFT;
    if (extension & T_OR_K) bytes[at] = (bytes[at]! & 0xe0) | (descriptor & 0x1f);
  },
};
