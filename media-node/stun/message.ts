import type { StunAddress } from "./address.ts";
import { STUN_ATTRIBUTE, STUN_FAMILY, STUN_HEADER_LENGTH, STUN_MAGIC_COOKIE } from "./constants.ts";

/**
 * A view over one STUN message: offsets into the caller's bytes, read lazily, valid until the next `parseStun` into it
 * or until the bytes change. One is enough per socket reader.
 */
export interface StunMessage {
  bytes: Uint8Array;
  /** Offset of the header's first byte. */
  start: number;
  /** Offset behind the message. */
  end: number;
  /** One of `STUN_METHOD`, or any other 12-bit number. */
  method: number;
  /** One of `STUN_CLASS`. */
  class: number;
  /** End of the attributes that count: those behind MESSAGE-INTEGRITY(-SHA256) are not covered by it and are ignored. */
  attributesEnd: number;
  /** Offset of the MESSAGE-INTEGRITY attribute's header, or -1. */
  integrityAt: number;
  /** Offset of the MESSAGE-INTEGRITY-SHA256 attribute's header, or -1. */
  integritySha256At: number;
  /** Offset of the FINGERPRINT attribute's header, or -1. */
  fingerprintAt: number;
}

const NO_BYTES = new Uint8Array(0);
/** More attributes than any real message has (1,500 bytes hold 125 peer addresses): bounds what one look-up walks. */
const MAX_ATTRIBUTES = 256;

export function createStunMessage(): StunMessage {
  return {
    bytes: NO_BYTES,
    start: 0,
    end: 0,
    method: 0,
    class: 0,
    attributesEnd: 0,
    integrityAt: -1,
    integritySha256At: -1,
    fingerprintAt: -1,
  };
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/** Whether bytes look like STUN (RFC 7983 first byte, magic cookie, length): cheap, for demultiplexing. */
export function isStun(bytes: Uint8Array, offset: number, length: number): boolean {
  return (
    length >= STUN_HEADER_LENGTH &&
    bytes[offset]! < 4 &&
    readUint32(bytes, offset + 4) === STUN_MAGIC_COOKIE &&
    (readUint16(bytes, offset + 2) & 3) === 0
  );
}

/**
 * Points the view at a message and checks its shape (RFC 8489 §5, §14): exact length, every attribute inside, integrity
 * and fingerprint of legal length and in legal order. Checks no integrity: see `verifyIntegrity`, `verifyFingerprint`.
 * @returns false if this is not one whole, well-formed STUN message; the view is then not to be used
 */
export function parseStun(message: StunMessage, bytes: Uint8Array, offset: number, length: number): boolean {
  if (!isStun(bytes, offset, length)) return false;
  const end = offset + length;
  if (readUint16(bytes, offset + 2) !== length - STUN_HEADER_LENGTH) return false;
  const type = readUint16(bytes, offset);
  message.bytes = bytes;
  message.start = offset;
  message.end = end;
  message.class = ((type >> 7) & 2) | ((type >> 4) & 1);
  message.method = ((type >> 2) & 0xf80) | ((type >> 1) & 0x70) | (type & 0xf);
  message.integrityAt = -1;
  message.integritySha256At = -1;
  message.fingerprintAt = -1;
  let attributesEnd = end;
  let count = 0;
  for (let at = offset + STUN_HEADER_LENGTH; at < end; count++) {
    // The end is 4-aligned, so an attribute's header always fits.
    const valueLength = readUint16(bytes, at + 2);
    const next = at + 4 + ((valueLength + 3) & ~3);
    if (next > end || count === MAX_ATTRIBUTES || message.fingerprintAt >= 0) return false;
    switch (readUint16(bytes, at)) {
      case STUN_ATTRIBUTE.messageIntegrity:
        if (message.integrityAt >= 0 || message.integritySha256At >= 0) break;
        if (valueLength !== 20) return false;
        message.integrityAt = at;
        attributesEnd = Math.min(attributesEnd, at);
        break;
      case STUN_ATTRIBUTE.messageIntegritySha256:
        if (message.integritySha256At >= 0) break;
        if (valueLength < 16 || valueLength > 32 || (valueLength & 3) !== 0) return false;
        message.integritySha256At = at;
        attributesEnd = Math.min(attributesEnd, at);
        break;
      case STUN_ATTRIBUTE.fingerprint:
        if (valueLength !== 4) return false;
        message.fingerprintAt = at;
        attributesEnd = Math.min(attributesEnd, at);
        break;
    }
    at = next;
  }
  message.attributesEnd = attributesEnd;
  return true;
}

/**
 * Finds an attribute; of several the first one counts (RFC 8489 §14).
 * @param after offset of an attribute: the search goes on behind it (for attributes that may repeat)
 * @returns offset of its header (the value begins 4 bytes on), or -1
 */
export function findAttribute(message: StunMessage, type: number, after = -1): number {
  const { bytes, attributesEnd } = message;
  let at = after < 0 ? message.start + STUN_HEADER_LENGTH : nextAttribute(message, after);
  while (at < attributesEnd) {
    if (readUint16(bytes, at) === type) return at;
    at = nextAttribute(message, at);
  }
  return -1;
}

function nextAttribute(message: StunMessage, at: number): number {
  return at + 4 + ((readUint16(message.bytes, at + 2) + 3) & ~3);
}

/** Length of the value of the attribute at `at`, without padding. */
export function attributeLength(message: StunMessage, at: number): number {
  return readUint16(message.bytes, at + 2);
}

/** An attribute's value as a 32-bit number, or -1 if it is absent or not 4 bytes long. */
export function attributeUint32(message: StunMessage, type: number): number {
  const at = findAttribute(message, type);
  return at < 0 || attributeLength(message, at) !== 4 ? -1 : readUint32(message.bytes, at + 4);
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An attribute's value as text; undefined if it is absent, longer than `limit` bytes, or not UTF-8. */
export function attributeText(message: StunMessage, type: number, limit = 763): string | undefined {
  const at = findAttribute(message, type);
  if (at < 0) return undefined;
  const length = attributeLength(message, at);
  if (length > limit) return undefined;
  try {
    return decoder.decode(message.bytes.subarray(at + 4, at + 4 + length));
  } catch {
    return undefined;
  }
}

/**
 * Reads a (XOR-)MAPPED-ADDRESS-shaped value (RFC 8489 §14.1, §14.2).
 * @param at offset of the attribute's header, from `findAttribute`
 * @param xor whether the attribute is one of the XOR kind
 * @returns false if the value is malformed; `out` is then family 0
 */
export function readAddress(message: StunMessage, at: number, xor: boolean, out: StunAddress): boolean {
  const { bytes, start } = message;
  const family = bytes[at + 5]!;
  const size = family === STUN_FAMILY.ipv4 ? 4 : 16;
  const wrong = family !== STUN_FAMILY.ipv4 && family !== STUN_FAMILY.ipv6;
  if (wrong || attributeLength(message, at) !== 4 + size) {
    out.family = 0;
    return false;
  }
  out.family = family;
  out.port = readUint16(bytes, at + 6) ^ (xor ? STUN_MAGIC_COOKIE >>> 16 : 0);
  // The pad is the magic cookie and the transaction id, as they stand in the header.
  for (let i = 0; i < size; i++) out.bytes[i] = bytes[at + 8 + i]! ^ (xor ? bytes[start + 4 + i]! : 0);
  return true;
}

/** The number of an ERROR-CODE attribute (300-699), or 0. */
export function readErrorCode(message: StunMessage): number {
  const at = findAttribute(message, STUN_ATTRIBUTE.errorCode);
  if (at < 0 || attributeLength(message, at) < 4) return 0;
  const hundreds = message.bytes[at + 6]! & 7;
  const rest = message.bytes[at + 7]!;
  return hundreds >= 3 && hundreds <= 6 && rest < 100 ? hundreds * 100 + rest : 0;
}

/**
 * Collects the comprehension-required attributes that are not in `comprehended`, each once, for a 420 response
 * (RFC 8489 §6.3.1); on responses and indications any makes the message void (§6.3.2-6.3.4).
 * @param out receives the types; its length bounds how many are collected
 * @returns how many were written
 */
export function unknownAttributes(message: StunMessage, comprehended: ReadonlySet<number>, out: Uint16Array): number {
  let count = 0;
  let at = message.start + STUN_HEADER_LENGTH;
  while (at < message.attributesEnd && count < out.length) {
    const type = readUint16(message.bytes, at);
    if (type < 0x8000 && !comprehended.has(type)) {
      const seen = out.indexOf(type);
      if (seen < 0 || seen >= count) out[count++] = type;
    }
    at = nextAttribute(message, at);
  }
  return count;
}

/** Whether the transaction id equals the 12 bytes at `offset` of `id`. */
export function hasTransactionId(message: StunMessage, id: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 12; i++) if (message.bytes[message.start + 8 + i] !== id[offset + i]) return false;
  return true;
}
