import { createHmac, createSecretKey, timingSafeEqual } from "node:crypto";
import { nonceCookie, STUN_SECURITY_FEATURE } from "../../stun/credentials.ts";

/**
 * Nonces that need no memory: a time and an HMAC over it and the client's address. Replayed from elsewhere, expired, cut
 * or with other feature bits in the cookie, they are stale.
 */
export interface Nonces {
  /** @param now milliseconds of any clock that doesn't go back; the nonces of one process must be told by one clock */
  create(address: string, port: number, now: number): string;
  isFresh(nonce: string, address: string, port: number, now: number): boolean;
}

const COOKIE = nonceCookie(STUN_SECURITY_FEATURE.passwordAlgorithms);
/** Seconds in three bytes wrap after half a year: the age is counted on that circle. */
const CIRCLE = 0x1000000;
const MAC_BYTES = 9;
/** Seconds. */
const SKEW = 2;

/**
 * @param secret random; workers that share a listening port share it
 * @param lifetime of a nonce in seconds
 * @param timeOrigin when the clock was 0, in milliseconds since 1970
 */
export function createNonces(secret: Uint8Array, lifetime: number, timeOrigin = 0): Nonces {
  const key = createSecretKey(secret);

  function at(seconds: number, address: string, port: number): string {
    const bytes = Buffer.alloc(3 + MAC_BYTES);
    bytes.writeUIntBE(seconds, 0, 3);
    const mac = createHmac("sha256", key).update(`${seconds} ${port} ${address}`).digest();
    bytes.set(mac.subarray(0, MAC_BYTES), 3);
    return COOKIE + bytes.toString("base64url");
  }

  const secondsAt = (now: number): number => Math.floor((timeOrigin + now) / 1000) % CIRCLE;

  return {
    create: (address, port, now) => at(secondsAt(now), address, port),
    isFresh(nonce, address, port, now) {
      if (!nonce.startsWith(COOKIE)) return false;
      const bytes = Buffer.from(nonce.slice(COOKIE.length), "base64url");
      if (bytes.length !== 3 + MAC_BYTES) return false;
      const seconds = bytes.readUIntBE(0, 3);
      // A sibling's clock may be a moment ahead.
      const age = (secondsAt(now) - seconds + SKEW + CIRCLE) % CIRCLE;
      if (age > lifetime + SKEW) return false;
      const expected = Buffer.from(at(seconds, address, port));
      const given = Buffer.from(nonce);
      return expected.length === given.length && timingSafeEqual(expected, given);
    },
  };
}
