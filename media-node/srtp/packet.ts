/** Field access on packets in place; offsets are bytes into `buffer`, numbers are unsigned. */

export function readUint16(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 8) | buffer[at + 1]!;
}

export function readUint32(buffer: Uint8Array, at: number): number {
  return ((buffer[at]! << 24) | (buffer[at + 1]! << 16) | (buffer[at + 2]! << 8) | buffer[at + 3]!) >>> 0;
}

export function writeUint32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value >>> 24;
  buffer[at + 1] = value >>> 16;
  buffer[at + 2] = value >>> 8;
  buffer[at + 3] = value;
}

/**
 * Length of the RTP header with CSRCs and extension (RFC 3550 §5.1), which stays readable; -1 when `length` bytes
 * don't hold it or the version isn't 2.
 */
export function rtpHeaderLength(buffer: Uint8Array, offset: number, length: number): number {
  if (length < 12) return -1;
  const first = buffer[offset]!;
  if (first >>> 6 !== 2) return -1;
  let header = 12 + 4 * (first & 0x0f);
  if (first & 0x10) {
    if (header + 4 > length) return -1;
    header += 4 + 4 * readUint16(buffer, offset + header + 2);
  }
  return header <= length ? header : -1;
}

/** Whether `length` bytes at `offset` lie inside `buffer`: native ciphers believe what they are told. */
export function isInside(buffer: Uint8Array, offset: number, length: number): boolean {
  return offset >= 0 && length >= 0 && offset + length <= buffer.length;
}
