import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { createReader } from "./bytes.ts";
import { ContentType, DTLS_1_0, HANDSHAKE_HEADER, HandshakeType, RECORD_HEADER } from "./constants.ts";
import { readRecord } from "./record-reader.ts";

/** Numbers of the ClientHello that brought the cookie: an endpoint goes on from there (RFC 6347 §4.2.1). */
export interface HelloNumbers {
  readonly message: number;
  readonly record: number;
}

/** What a datagram from an unknown address deserves: nothing, an answer, or an endpoint of its own. */
export type HelloVerdict = "drop" | Uint8Array | HelloNumbers;

/**
 * Keeps nothing of anybody who hasn't proven an address: the first ClientHello is answered with a cookie, which is
 * computed from the address and the hello, and only a hello that brings it back leads to an endpoint (RFC 6347 §4.2.1).
 * The answer is shorter than any hello.
 */
export interface HelloGate {
  /** @param now in ms; the bytes are not kept, and an answer is valid until the next call */
  check(datagram: Uint8Array, address: string, port: number, now: number): HelloVerdict;
}

const COOKIE = 16;
/** A cookie is good for one to two of these, in ms. */
const PERIOD = 30_000;
/** More rounds than any client needs. */
const MAX_SEQUENCE = 8;
/** Where the session id stands in a ClientHello's body. */
const SESSION_ID = 34;

/** @param secret random bytes, of this process alone */
export function createHelloGate(secret: Uint8Array): HelloGate {
  const key = createSecretKey(secret);
  const answer = Buffer.alloc(RECORD_HEADER + HANDSHAKE_HEADER + 3 + COOKIE);
  answer[0] = ContentType.handshake;
  answer.writeUInt16BE(DTLS_1_0, 1);
  answer.writeUInt16BE(answer.length - RECORD_HEADER, 11);
  answer[RECORD_HEADER] = HandshakeType.helloVerifyRequest;
  answer.writeUIntBE(3 + COOKIE, RECORD_HEADER + 1, 3);
  answer.writeUIntBE(3 + COOKIE, RECORD_HEADER + 9, 3);
  answer.writeUInt16BE(DTLS_1_0, RECORD_HEADER + HANDSHAKE_HEADER);
  answer[RECORD_HEADER + HANDSHAKE_HEADER + 2] = COOKIE;

  function cookieFor(head: Uint8Array, tail: Uint8Array, address: string, port: number, period: number): Buffer {
    const hmac = createHmac("sha256", key).update(`${period} ${port} ${address} `).update(head).update(tail);
    return hmac.digest().subarray(0, COOKIE);
  }

  return {
    check(datagram, address, port, now) {
      const record = readRecord(datagram, 0);
      if (record?.type !== ContentType.handshake || record.epoch !== 0) return "drop";
      const reader = createReader(record.bytes.subarray(RECORD_HEADER));
      const type = reader.u8();
      const length = reader.u8() * 65536 + reader.u16();
      const message = reader.u16();
      const offset = reader.u8() * 65536 + reader.u16();
      const body = reader.vector24();
      // Whole or not at all: putting pieces together would be state.
      const isWhole = !reader.failed && offset === 0 && body.length === length;
      if (type !== HandshakeType.clientHello || !isWhole || message > MAX_SEQUENCE) return "drop";
      const cookieAt = SESSION_ID + 1 + (body[SESSION_ID] ?? 0);
      const cookieLength = body[cookieAt] ?? 0;
      const end = cookieAt + 1 + cookieLength;
      // A cipher suite and a compression method follow in every hello.
      if (end + 6 > body.length) return "drop";
      const head = body.subarray(0, cookieAt);
      const tail = body.subarray(end);
      const period = Math.floor(now / PERIOD);
      if (cookieLength === COOKIE) {
        const cookie = body.subarray(cookieAt + 1, end);
        for (const each of [period, period - 1])
          if (timingSafeEqual(cookie, cookieFor(head, tail, address, port, each)))
            return { message, record: record.sequence };
      }
      // The record's number is the hello's: without memory, no other is sure to be a fresh one.
      answer.writeUIntBE(record.sequence, 5, 6);
      answer.writeUInt16BE(message, RECORD_HEADER + 4);
      answer.set(cookieFor(head, tail, address, port, period), RECORD_HEADER + HANDSHAKE_HEADER + 3);
      return answer;
    },
  };
}
