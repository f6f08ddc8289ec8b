import { RTCP_ENCRYPTED, RTCP_HEADER, type SrtpCipher } from "./cipher.ts";
import type { SrtpSessionKeys } from "./key-derivation.ts";
import { readUint32, writeUint32 } from "./packet.ts";
import type { Aead, SrtpPrimitives } from "./primitives.ts";

const TAG = 16;
const INDEX_WORD = 4;

/** The associated data of an RTCP packet: first header and index word, side by side. */
const rtcpAad = new Uint8Array(new ArrayBuffer(RTCP_HEADER + INDEX_WORD));

/** A salt as three words. */
interface Salt {
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

const saltOf = ({ salt }: SrtpSessionKeys): Salt => ({
  a: readUint32(salt, 0),
  b: readUint32(salt, 4),
  c: readUint32(salt, 8),
});

class GcmCipher implements SrtpCipher {
  readonly rtpOverhead = TAG;
  readonly rtcpOverhead = TAG + INDEX_WORD;
  private readonly nonce: Uint8Array;
  private readonly rtpAead: Aead;
  private readonly rtpSalt: Salt;
  private readonly rtcpAead: Aead;
  private readonly rtcpSalt: Salt;

  constructor(rtp: SrtpSessionKeys, rtcp: SrtpSessionKeys, primitives: SrtpPrimitives) {
    this.nonce = primitives.nonce;
    this.rtpAead = primitives.createAead(rtp.key);
    this.rtpSalt = saltOf(rtp);
    this.rtcpAead = primitives.createAead(rtcp.key);
    this.rtcpSalt = saltOf(rtcp);
  }

  sealRtp(
    buffer: Uint8Array,
    start: number,
    payload: number,
    end: number,
    ssrc: number,
    rollover: number,
    sequence: number,
  ): boolean {
    this.writeNonce(this.rtpSalt, ssrc, rollover, sequence);
    return this.rtpAead.seal(buffer, start, payload - start, buffer, payload, end - payload);
  }

  openRtp(
    buffer: Uint8Array,
    start: number,
    payload: number,
    end: number,
    ssrc: number,
    rollover: number,
    sequence: number,
  ): boolean {
    this.writeNonce(this.rtpSalt, ssrc, rollover, sequence);
    return this.rtpAead.open(buffer, start, payload - start, buffer, payload, end - payload);
  }

  sealRtcp(buffer: Uint8Array, start: number, end: number, ssrc: number, index: number): boolean {
    const indexWord = (index | RTCP_ENCRYPTED) >>> 0;
    this.prepareRtcp(buffer, start, ssrc, indexWord);
    writeUint32(buffer, end + TAG, indexWord);
    const text = start + RTCP_HEADER;
    return this.rtcpAead.seal(rtcpAad, 0, rtcpAad.length, buffer, text, end - text);
  }

  readRtcpIndexWord(buffer: Uint8Array, protectedEnd: number): number {
    return readUint32(buffer, protectedEnd - INDEX_WORD);
  }

  openRtcp(buffer: Uint8Array, start: number, end: number, ssrc: number, indexWord: number): boolean {
    this.prepareRtcp(buffer, start, ssrc, indexWord);
    const text = start + RTCP_HEADER;
    if (indexWord >= RTCP_ENCRYPTED) return this.rtcpAead.open(rtcpAad, 0, rtcpAad.length, buffer, text, end - text);
    // Unencrypted (RFC 7714 §9.3): all of the packet and the index word are associated data, the tag stands alone.
    const aad = new Uint8Array(new ArrayBuffer(end - start + INDEX_WORD));
    aad.set(buffer.subarray(start, end));
    writeUint32(aad, end - start, indexWord);
    return this.rtcpAead.open(aad, 0, aad.length, buffer, end, 0);
  }

  close(): void {
    this.rtpAead.close();
    this.rtcpAead.close();
  }

  /** RFC 7714 §8.1 and §9.1: the two nonces are laid out alike when an SRTCP index is cut into halves. */
  private writeNonce({ a, b, c }: Salt, ssrc: number, rollover: number, sequence: number): void {
    const { nonce } = this;
    writeUint32(nonce, 0, a ^ (ssrc >>> 16));
    writeUint32(nonce, 4, b ^ ((ssrc << 16) | (rollover >>> 16)));
    writeUint32(nonce, 8, c ^ ((rollover << 16) | sequence));
  }

  private prepareRtcp(buffer: Uint8Array, start: number, ssrc: number, indexWord: number): void {
    const index = indexWord & 0x7fffffff;
    this.writeNonce(this.rtcpSalt, ssrc, index >>> 16, index & 0xffff);
    for (let i = 0; i < RTCP_HEADER; i++) rtcpAad[i] = buffer[start + i]!;
    writeUint32(rtcpAad, RTCP_HEADER, indexWord);
  }
}

/** AEAD_AES_128_GCM (RFC 7714): RTP is header | text | tag, RTCP is header | text | tag | index word. */
export function createGcmCipher(rtp: SrtpSessionKeys, rtcp: SrtpSessionKeys, primitives: SrtpPrimitives): SrtpCipher {
  return new GcmCipher(rtp, rtcp, primitives);
}
