import { RTCP_ENCRYPTED, RTCP_HEADER, type SrtpCipher } from "./cipher.ts";
import type { SrtpSessionKeys } from "./key-derivation.ts";
import { readUint32, writeUint32 } from "./packet.ts";
import type { CounterMode, Mac, SrtpPrimitives } from "./primitives.ts";

/** HMAC-SHA1-80: the first 10 of 20 bytes. */
const TAG = 10;
const WORD = 4;

/** AES_CM_128_HMAC_SHA1_80 (RFC 3711 §4): RTP is header | text | tag, RTCP is header | text | index word | tag. */
export function createCmCipher(rtp: SrtpSessionKeys, rtcp: SrtpSessionKeys, primitives: SrtpPrimitives): SrtpCipher {
  const rtpCipher = primitives.createCounterMode(rtp.key);
  const rtcpCipher = primitives.createCounterMode(rtcp.key);
  const rtpMac = primitives.createMac(rtp.authKey);
  const rtcpMac = primitives.createMac(rtcp.authKey);
  const { counter, digest } = primitives;
  const savedTag = new Uint8Array(WORD);

  /** RFC 3711 §4.1.1; an SRTCP index is cut into halves. */
  function crypt(
    cipher: CounterMode,
    salt: Uint8Array,
    buffer: Uint8Array,
    from: number,
    to: number,
    ssrc: number,
    rollover: number,
    sequence: number,
  ): boolean {
    for (let i = 0; i < 4; i++) counter[i] = salt[i]!;
    counter[4] = salt[4]! ^ (ssrc >>> 24);
    counter[5] = salt[5]! ^ (ssrc >>> 16);
    counter[6] = salt[6]! ^ (ssrc >>> 8);
    counter[7] = salt[7]! ^ ssrc;
    counter[8] = salt[8]! ^ (rollover >>> 24);
    counter[9] = salt[9]! ^ (rollover >>> 16);
    counter[10] = salt[10]! ^ (rollover >>> 8);
    counter[11] = salt[11]! ^ rollover;
    counter[12] = salt[12]! ^ (sequence >>> 8);
    counter[13] = salt[13]! ^ sequence;
    counter[14] = 0;
    counter[15] = 0;
    return cipher.apply(buffer, from, to - from);
  }

  function appendTag(mac: Mac, buffer: Uint8Array, start: number, end: number, tagAt: number): boolean {
    if (!mac.compute(buffer, start, end - start)) return false;
    for (let i = 0; i < TAG; i++) buffer[tagAt + i] = digest[i]!;
    return true;
  }

  return {
    rtpOverhead: TAG,
    rtcpOverhead: TAG + WORD,
    sealRtp(buffer, start, payload, end, ssrc, rollover, sequence) {
      if (!crypt(rtpCipher, rtp.salt, buffer, payload, end, ssrc, rollover, sequence)) return false;
      // The rollover counter is authenticated but not sent: it lends the tag's place to be hashed in one go.
      writeUint32(buffer, end, rollover);
      return appendTag(rtpMac, buffer, start, end + WORD, end);
    },
    openRtp(buffer, start, payload, end, ssrc, rollover, sequence) {
      for (let i = 0; i < WORD; i++) savedTag[i] = buffer[end + i]!;
      writeUint32(buffer, end, rollover);
      const computed = rtpMac.compute(buffer, start, end + WORD - start);
      for (let i = 0; i < WORD; i++) buffer[end + i] = savedTag[i]!;
      if (!computed || !tagMatches(digest, buffer, end)) return false;
      return crypt(rtpCipher, rtp.salt, buffer, payload, end, ssrc, rollover, sequence);
    },
    sealRtcp(buffer, start, end, ssrc, index) {
      const text = start + RTCP_HEADER;
      if (!crypt(rtcpCipher, rtcp.salt, buffer, text, end, ssrc, index >>> 16, index & 0xffff)) return false;
      writeUint32(buffer, end, index | RTCP_ENCRYPTED);
      return appendTag(rtcpMac, buffer, start, end + WORD, end + WORD);
    },
    readRtcpIndexWord: (buffer, protectedEnd) => readUint32(buffer, protectedEnd - TAG - WORD),
    openRtcp(buffer, start, end, ssrc, indexWord) {
      if (!rtcpMac.compute(buffer, start, end + WORD - start) || !tagMatches(digest, buffer, end + WORD)) return false;
      if (indexWord < RTCP_ENCRYPTED) return true;
      const index = indexWord & 0x7fffffff;
      const text = start + RTCP_HEADER;
      return crypt(rtcpCipher, rtcp.salt, buffer, text, end, ssrc, index >>> 16, index & 0xffff);
    },
    close() {
      rtpCipher.close();
      rtcpCipher.close();
      rtpMac.close();
      rtcpMac.close();
    },
  };
}

/** In time that doesn't depend on where they differ. */
function tagMatches(digest: Uint8Array, buffer: Uint8Array, at: number): boolean {
  let difference = 0;
  for (let i = 0; i < TAG; i++) difference |= digest[i]! ^ buffer[at + i]!;
  return difference === 0;
}
