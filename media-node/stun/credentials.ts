import { createHash, createSecretKey, type KeyObject } from "node:crypto";
import { STUN_ATTRIBUTE, STUN_PASSWORD_ALGORITHM } from "./constants.ts";
import { attributeLength, findAttribute, readUint16, type StunMessage } from "./message.ts";
import { opaqueString } from "./opaque-string.ts";

/** Key of the short-term mechanism (RFC 8489 §9.1.1), as ICE uses it; undefined if the password can't be prepared. */
export function shortTermKey(password: string): KeyObject | undefined {
  const prepared = opaqueString(password);
  return prepared === undefined ? undefined : createSecretKey(prepared, "utf8");
}

/**
 * Key of the long-term mechanism (RFC 8489 §9.2.2, §18.5.1): the hash of `username:realm:password`, each prepared.
 * @param algorithm of `STUN_PASSWORD_ALGORITHM`
 * @returns undefined if one of the three can't be prepared
 */
export function longTermKey(
  algorithm: number,
  username: string,
  realm: string,
  password: string,
): KeyObject | undefined {
  const user = opaqueString(username);
  const place = opaqueString(realm);
  const secret = opaqueString(password);
  if (user === undefined || place === undefined || secret === undefined) return undefined;
  const hash = algorithm === STUN_PASSWORD_ALGORITHM.sha256 ? "sha256" : "md5";
  return createSecretKey(createHash(hash).update(`${user}:${place}:${secret}`).digest());
}

/** Value of USERHASH (RFC 8489 §14.4), 32 bytes; undefined if a part can't be prepared. */
export function userhash(username: string, realm: string): Uint8Array | undefined {
  const user = opaqueString(username);
  const place = opaqueString(realm);
  if (user === undefined || place === undefined) return undefined;
  return createHash("sha256").update(`${user}:${place}`).digest();
}

/** Value of PASSWORD-ALGORITHMS, or of PASSWORD-ALGORITHM for a list of one (RFC 8489 §14.11, §14.12). */
export function passwordAlgorithms(algorithms: readonly number[]): Uint8Array {
  const value = new Uint8Array(4 * algorithms.length);
  algorithms.forEach((algorithm, i) => {
    value[4 * i] = algorithm >> 8;
    value[4 * i + 1] = algorithm & 0xff;
  });
  return value;
}

/** The number in PASSWORD-ALGORITHM: 0 if it is absent, -1 if it is malformed or has parameters (no known one does). */
export function readPasswordAlgorithm(message: StunMessage): number {
  const at = findAttribute(message, STUN_ATTRIBUTE.passwordAlgorithm);
  if (at < 0) return 0;
  if (attributeLength(message, at) !== 4 || readUint16(message.bytes, at + 6) !== 0) return -1;
  return readUint16(message.bytes, at + 4);
}

/** Whether the attribute is there and its value is exactly `expected`: not constant time, so not for secrets. */
export function attributeEquals(message: StunMessage, type: number, expected: Uint8Array): boolean {
  const at = findAttribute(message, type);
  if (at < 0 || attributeLength(message, at) !== expected.length) return false;
  for (let i = 0; i < expected.length; i++) if (message.bytes[at + 4 + i] !== expected[i]) return false;
  return true;
}

/** STUN security features (RFC 8489 §18.1), counted from the left of 24 bits. */
export const STUN_SECURITY_FEATURE = { passwordAlgorithms: 0x800000, usernameAnonymity: 0x400000 } as const;

/**
 * The 13 characters with which a nonce begins to tell which features the server has (RFC 8489 §9.2). The vector of
 * appendix B.1 (`AAAC`) does not follow that rule; this does.
 * @param features a sum of `STUN_SECURITY_FEATURE`
 */
export function nonceCookie(features: number): string {
  const bits = Buffer.from([(features >> 16) & 0xff, (features >> 8) & 0xff, features & 0xff]);
  return `obMatJos2${bits.toString("base64")}`;
}
