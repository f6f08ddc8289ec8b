import { createHmac, type KeyObject } from "node:crypto";
import { STUN_FINGERPRINT_XOR, STUN_HEADER_LENGTH } from "./constants.ts";
import { crc32 } from "./crc32.ts";
import { attributeLength, readUint32, type StunMessage } from "./message.ts";

/**
 * HMAC over a message up to the integrity attribute at `at`, its length field saying that the message ends behind that
 * attribute (RFC 8489 §14.5). The field is changed in place and put back: one update instead of three.
 */
export function integrityOf(
  algorithm: "sha1" | "sha256",
  key: KeyObject,
  bytes: Uint8Array,
  start: number,
  at: number,
  valueLength: number,
): Uint8Array {
  const high = bytes[start + 2]!;
  const low = bytes[start + 3]!;
  const length = at + 4 + valueLength - start - STUN_HEADER_LENGTH;
  bytes[start + 2] = length >> 8;
  bytes[start + 3] = length & 0xff;
  const digest = createHmac(algorithm, key).update(bytes.subarray(start, at)).digest();
  bytes[start + 2] = high;
  bytes[start + 3] = low;
  return digest;
}

/** Compares in constant time. */
function same(digest: Uint8Array, bytes: Uint8Array, at: number, length: number): boolean {
  let difference = 0;
  for (let i = 0; i < length; i++) difference |= digest[i]! ^ bytes[at + i]!;
  return difference === 0;
}

/** Verifies MESSAGE-INTEGRITY (HMAC-SHA1, RFC 8489 §14.5); false if it is absent. */
export function verifyIntegrity(message: StunMessage, key: KeyObject): boolean {
  const { bytes, start, integrityAt } = message;
  if (integrityAt < 0) return false;
  return same(integrityOf("sha1", key, bytes, start, integrityAt, 20), bytes, integrityAt + 4, 20);
}

/**
 * Verifies MESSAGE-INTEGRITY-SHA256 (RFC 8489 §14.6); false if it is absent.
 * @param minimum least length of the value in bytes: 32 unless the usage allows truncation, never below 16
 */
export function verifyIntegritySha256(message: StunMessage, key: KeyObject, minimum = 32): boolean {
  const { bytes, start, integritySha256At } = message;
  if (integritySha256At < 0) return false;
  const length = attributeLength(message, integritySha256At);
  if (length < minimum) return false;
  const digest = integrityOf("sha256", key, bytes, start, integritySha256At, length);
  return same(digest, bytes, integritySha256At + 4, length);
}

/** Verifies FINGERPRINT (RFC 8489 §14.7); false if it is absent. */
export function verifyFingerprint(message: StunMessage): boolean {
  const { bytes, start, fingerprintAt } = message;
  if (fingerprintAt < 0) return false;
  const expected = (crc32(bytes, start, fingerprintAt - start) ^ STUN_FINGERPRINT_XOR) >>> 0;
  return expected === readUint32(bytes, fingerprintAt + 4);
}
