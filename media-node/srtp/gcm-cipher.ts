import { RTCP_ENCRYPTED, RTCP_HEADER, type SrtpCipher } from "./cipher.ts";
import type { SrtpSessionKeys } from "./key-derivation.ts";
import { readUint32, writeUint32 } from "./packet.ts";
import type { SrtpPrimitives } from "./primitives.ts";

const TAG = 16;
const INDEX_WORD = 4;

/** AEAD_AES_128_GCM (RFC 7714): RTP is header | text | tag, RTCP is header | text | tag | index word. */
export function createGcmCipher(rtp: SrtpSessionKeys, rtcp: SrtpSessionKeys, primitives: SrtpPrimitives): SrtpCipher {
  const rtpAead = primitives.createAead(rtp.key);
  const rtcpAead = primitives.createAead(rtcp.key);
  const { nonce } = primitives;
  const rtcpAad = new Uint8Array(new ArrayBuffer(RTCP_HEADER + INDEX_WORD));

  /** RFC 7714 §8.1 and §9.1: the two nonces are laid out alike when an SRTCP index is cut into halves. */
  function writeNonce(salt: Uint8Array, ssrc: number, rollover: number, sequence: number): void {
    nonce[0] = salt[0]!;
    nonce[1] = salt[1]!;
    nonce[2] = salt[2]! ^ (ssrc >>> 24);
    nonce[3] = salt[3]! ^ (ssrc >>> 16);
    nonce[4] = salt[4]! ^ (ssrc >>> 8);
    nonce[5] = salt[5]! ^ ssrc;
    nonce[6] = salt[6]! ^ (rollover >>> 24);
    nonce[7] = salt[7]! ^ (rollover >>> 16);
    nonce[8] = salt[8]! ^ (rollover >>> 8);
    nonce[9] = salt[9]! ^ rollover;
    nonce[10] = salt[10]! ^ (sequence >>> 8);
    nonce[11] = salt[11]! ^ sequence;
  }

  function prepareRtcp(buffer: Uint8Array, start: number, ssrc: number, indexWord: number): void {
    const index = indexWord & 0x7fffffff;
    writeNonce(rtcp.salt, ssrc, index >>> 16, index & 0xffff);
    for (let i = 0; i < RTCP_HEADER; i++) rtcpAad[i] = buffer[start + i]!;
    writeUint32(rtcpAad, RTCP_HEADER, indexWord);
  }

  return {
    rtpOverhead: TAG,
    rtcpOverhead: TAG + INDEX_WORD,
    sealRtp(buffer, start, payload, end, ssrc, rollover, sequence) {
      writeNonce(rtp.salt, ssrc, rollover, sequence);
      return rtpAead.seal(buffer, start, payload - start, buffer, payload, end - payload);
    },
    openRtp(buffer, start, payload, end, ssrc, rollover, sequence) {
      writeNonce(rtp.salt, ssrc, rollover, sequence);
      return rtpAead.open(buffer, start, payload - start, buffer, payload, end - payload);
    },
    sealRtcp(buffer, start, end, ssrc, index) {
      const indexWord = (index | RTCP_ENCRYPTED) >>> 0;
      prepareRtcp(buffer, start, ssrc, indexWord);
      writeUint32(buffer, end + TAG, indexWord);
      const text = start + RTCP_HEADER;
      return rtcpAead.seal(rtcpAad, 0, rtcpAad.length, buffer, text, end - text);
    },
    readRtcpIndexWord: (buffer, protectedEnd) => readUint32(buffer, protectedEnd - INDEX_WORD),
    openRtcp(buffer, start, end, ssrc, indexWord) {
      prepareRtcp(buffer, start, ssrc, indexWord);
      const text = start + RTCP_HEADER;
      if (indexWord >= RTCP_ENCRYPTED) return rtcpAead.open(rtcpAad, 0, rtcpAad.length, buffer, text, end - text);
      // Unencrypted (RFC 7714 §9.3): all of the packet and the index word are associated data, the tag stands alone.
      const aad = new Uint8Array(new ArrayBuffer(end - start + INDEX_WORD));
      aad.set(buffer.subarray(start, end));
      writeUint32(aad, end - start, indexWord);
      return rtcpAead.open(aad, 0, aad.length, buffer, end, 0);
    },
    close() {
      rtpAead.close();
      rtcpAead.close();
    },
  };
}
