/**
 * A cursor over hostile bytes. It never throws: a read past the end gives zero or an empty view and sets `failed`,
 * so that a parser reads straight through and asks once.
 */
export interface Reader {
  readonly failed: boolean;
  readonly remaining: number;
  u8(): number;
  u16(): number;
  /** A view of the next `length` bytes, not a copy. */
  take(length: number): Uint8Array;
  /** A vector with a length field of one byte (RFC 5246 §4.3). */
  vector8(): Uint8Array;
  vector16(): Uint8Array;
  vector24(): Uint8Array;
}

const NOTHING = new Uint8Array(0);

export function createReader(bytes: Uint8Array): Reader {
  let at = 0;
  let failed = false;
  const number = (width: number): number => {
    if (bytes.length - at < width) {
      failed = true;
      at = bytes.length;
      return 0;
    }
    let value = 0;
    for (const end = at + width; at < end; at++) value = value * 256 + bytes[at]!;
    return value;
  };
  const take = (length: number): Uint8Array => {
    if (failed || bytes.length - at < length) {
      failed = true;
      return NOTHING;
    }
    at += length;
    return bytes.subarray(at - length, at);
  };
  return {
    get failed() {
      return failed;
    },
    get remaining() {
      return bytes.length - at;
    },
    u8: () => number(1),
    u16: () => number(2),
    take,
    vector8: () => take(number(1)),
    vector16: () => take(number(2)),
    vector24: () => take(number(3)),
  };
}

/** Reads a vector of 16-bit numbers; undefined when its length is odd. */
export function readNumbers(bytes: Uint8Array): number[] | undefined {
  if (bytes.length % 2 !== 0) return undefined;
  const numbers: number[] = [];
  for (let at = 0; at < bytes.length; at += 2) numbers.push(bytes[at]! * 256 + bytes[at + 1]!);
  return numbers;
}

/** Big-endian integer of `width` bytes. */
export function integer(value: number, width: number): Uint8Array {
  const bytes = new Uint8Array(width);
  for (let at = width - 1, rest = value; at >= 0; at--, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  return bytes;
}

export const u8 = (value: number): Uint8Array => integer(value, 1);
export const u16 = (value: number): Uint8Array => integer(value, 2);

export function concat(...parts: Uint8Array[]): Uint8Array {
  return Buffer.concat(parts);
}

/** A vector: its parts behind a length field of `width` bytes. */
export function vector(width: number, ...parts: Uint8Array[]): Uint8Array {
  const body = concat(...parts);
  return concat(integer(body.length, width), body);
}
