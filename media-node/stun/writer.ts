import type { KeyObject } from "node:crypto";
import { parseAddress } from "./address.ts";
import {
  STUN_ATTRIBUTE,
  STUN_FAMILY,
  STUN_FINGERPRINT_XOR,
  STUN_HEADER_LENGTH,
  STUN_MAGIC_COOKIE,
} from "./constants.ts";
import { crc32 } from "./crc32.ts";
import { integrityOf } from "./integrity.ts";

/**
 * Writes STUN messages into a caller's buffer, attribute by attribute; reused for ever. What does not fit writes nothing
 * more and makes `finish` answer 0, so that nobody has to check between. Padding is always zero.
 */
export interface StunWriter {
  /**
   * Begins a message at `offset` of `buffer`; it may use the bytes up to `limit` (default: the end of the buffer).
   * @param transactionId holds the 12 bytes of the transaction id at `idOffset`
   */
  begin(
    buffer: Uint8Array,
    offset: number,
    messageClass: number,
    method: number,
    transactionId: Uint8Array,
    idOffset: number,
    limit?: number,
  ): void;
  flag(type: number): void;
  uint32(type: number, value: number): void;
  /** Two 32-bit halves, as ICE-CONTROLLING and RESERVATION-TOKEN carry. */
  uint64(type: number, high: number, low: number): void;
  /** `length` bytes at `offset` of `source`. */
  data(type: number, source: Uint8Array, offset?: number, length?: number): void;
  text(type: number, value: string): void;
  /** A plain address, as ALTERNATE-SERVER and MAPPED-ADDRESS carry: `address` as `parseAddress` takes it. */
  address(type: number, address: string, port: number): void;
  /** A XORed address as text; one that is none fails the message. */
  xorAddress(type: number, address: string, port: number): void;
  /** A XORed address in network order: 4 bytes for IPv4, 16 for IPv6. */
  xorAddressBytes(type: number, family: number, bytes: Uint8Array, port: number): void;
  /** ERROR-CODE; the reason phrase is for humans and makes answers longer than questions: mostly left out. */
  errorCode(code: number, reason?: string): void;
  unknownAttributes(types: Uint16Array, count: number): void;
  /** MESSAGE-INTEGRITY over what stands so far. */
  integrity(key: KeyObject): void;
  /** MESSAGE-INTEGRITY-SHA256, cut to `length` bytes where the usage allows it (16-32, a multiple of 4). */
  integritySha256(key: KeyObject, length?: number): void;
  /** FINGERPRINT; must come last. */
  fingerprint(): void;
  /** Completes the header. Returns the message's length, or 0 if something did not fit. */
  finish(): number;
}

const encoder = new TextEncoder();

export function createStunWriter(): StunWriter {
  let bytes: Uint8Array = new Uint8Array(0);
  let start = 0;
  let at = 0;
  let end = 0;
  let failed = true;
  const address = new Uint8Array(16);

  /** Room for an attribute: writes its header, zeroes the padding, returns the value's offset or -1. */
  function attribute(type: number, length: number): number {
    const padded = (length + 3) & ~3;
    if (failed || length > 0xffff || at + 4 + padded > end) {
      failed = true;
      return -1;
    }
    bytes[at] = type >> 8;
    bytes[at + 1] = type & 0xff;
    bytes[at + 2] = length >> 8;
    bytes[at + 3] = length & 0xff;
    const value = at + 4;
    at = value + padded;
    for (let i = value + length; i < at; i++) bytes[i] = 0;
    return value;
  }

  function put32(offset: number, value: number): void {
    bytes[offset] = value >>> 24;
    bytes[offset + 1] = value >>> 16;
    bytes[offset + 2] = value >>> 8;
    bytes[offset + 3] = value;
  }

  function putLength(): void {
    const length = at - start - STUN_HEADER_LENGTH;
    bytes[start + 2] = length >> 8;
    bytes[start + 3] = length & 0xff;
  }

  function putAddress(type: number, family: number, source: Uint8Array, port: number, xor: boolean): void {
    if (family !== STUN_FAMILY.ipv4 && family !== STUN_FAMILY.ipv6) {
      failed = true;
      return;
    }
    const size = family === STUN_FAMILY.ipv4 ? 4 : 16;
    const value = attribute(type, 4 + size);
    if (value < 0) return;
    const wirePort = port ^ (xor ? STUN_MAGIC_COOKIE >>> 16 : 0);
    bytes[value] = 0;
    bytes[value + 1] = family;
    bytes[value + 2] = wirePort >> 8;
    bytes[value + 3] = wirePort & 0xff;
    for (let i = 0; i < size; i++) bytes[value + 4 + i] = source[i]! ^ (xor ? bytes[start + 4 + i]! : 0);
  }

  return {
    begin(buffer, offset, messageClass, method, transactionId, idOffset, limit = buffer.length) {
      bytes = buffer;
      start = offset;
      end = Math.min(limit, buffer.length, offset + STUN_HEADER_LENGTH + 0xfffc);
      at = offset + STUN_HEADER_LENGTH;
      failed = at > end;
      if (failed) return;
      const type =
        ((method & 0xf80) << 2) |
        ((method & 0x70) << 1) |
        (method & 0xf) |
        ((messageClass & 2) << 7) |
        ((messageClass & 1) << 4);
      bytes[start] = type >> 8;
      bytes[start + 1] = type & 0xff;
      put32(start + 4, STUN_MAGIC_COOKIE);
      for (let i = 0; i < 12; i++) bytes[start + 8 + i] = transactionId[idOffset + i]!;
    },
    flag(type) {
      attribute(type, 0);
    },
    uint32(type, value) {
      const offset = attribute(type, 4);
      if (offset >= 0) put32(offset, value);
    },
    uint64(type, high, low) {
      const offset = attribute(type, 8);
      if (offset < 0) return;
      put32(offset, high);
      put32(offset + 4, low);
    },
    data(type, source, offset = 0, length = source.length - offset) {
      const value = attribute(type, length);
      if (value >= 0) bytes.set(source.subarray(offset, offset + length), value);
    },
    text(type, value) {
      const encoded = encoder.encode(value);
      this.data(type, encoded, 0, encoded.length);
    },
    address(type, text, port) {
      putAddress(type, parseAddress(text, address), address, port, false);
    },
    xorAddress(type, text, port) {
      putAddress(type, parseAddress(text, address), address, port, true);
    },
    xorAddressBytes(type, family, source, port) {
      putAddress(type, family, source, port, true);
    },
    errorCode(code, reason = "") {
      const encoded = encoder.encode(reason);
      const value = attribute(STUN_ATTRIBUTE.errorCode, 4 + encoded.length);
      if (value < 0) return;
      put32(value, (Math.floor(code / 100) << 8) | (code % 100));
      bytes.set(encoded, value + 4);
    },
    unknownAttributes(types, count) {
      const value = attribute(STUN_ATTRIBUTE.unknownAttributes, 2 * count);
      if (value < 0) return;
      for (let i = 0; i < count; i++) {
        bytes[value + 2 * i] = types[i]! >> 8;
        bytes[value + 2 * i + 1] = types[i]! & 0xff;
      }
    },
    integrity(key) {
      const value = attribute(STUN_ATTRIBUTE.messageIntegrity, 20);
      if (value >= 0) bytes.set(integrityOf("sha1", key, bytes, start, value - 4, 20), value);
    },
    integritySha256(key, length = 32) {
      const value = attribute(STUN_ATTRIBUTE.messageIntegritySha256, length);
      if (value < 0) return;
      const digest = integrityOf("sha256", key, bytes, start, value - 4, length);
      bytes.set(length === 32 ? digest : digest.subarray(0, length), value);
    },
    fingerprint() {
      const value = attribute(STUN_ATTRIBUTE.fingerprint, 4);
      if (value < 0) return;
      putLength();
      put32(value, crc32(bytes, start, value - 4 - start) ^ STUN_FINGERPRINT_XOR);
    },
    finish() {
      if (failed) return 0;
      putLength();
      return at - start;
    },
  };
}
