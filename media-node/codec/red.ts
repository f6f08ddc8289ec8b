/**
 * Finds the primary encoding in a payload of redundant audio (RFC 2198 §3): blocks with a four-byte header each,
 * then the primary, which has a one-byte header.
 * @returns the offset of the primary's data, or -1 when the blocks don't fit or the primary isn't `payloadType`.
 */
export function redPrimaryOffset(bytes: Uint8Array, offset: number, length: number, payloadType: number): number {
  const end = offset + length;
  let position = offset;
  let redundant = 0;
  while (position < end && bytes[position]! & 0x80) {
    if (position + 4 > end) return -1;
    redundant += ((bytes[position + 2]! & 0x03) << 8) | bytes[position + 3]!;
    position += 4;
  }
  if (position >= end || bytes[position]! !== payloadType) return -1;
  const primary = position + 1 + redundant;
  return primary >= end ? -1 : primary;
}
