/**
 * One direction's packet transforms of a profile. A packet's index comes as `rollover` (upper 32 bits) and `sequence`
 * (lower 16); an SRTCP index with its upper 15 and lower 16 bits. Everything happens in place; the caller has checked
 * that all of it lies inside `buffer`, room for tag and trailer included.
 */
export interface SrtpCipher {
  /** Bytes appended to an RTP packet (the tag) and to an RTCP packet (tag, encryption flag and index). */
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  /** Encrypts [payload, end) and appends the tag. False: the packet must not be sent. */
  sealRtp(
    buffer: Uint8Array,
    start: number,
    payload: number,
    end: number,
    ssrc: number,
    rollover: number,
    sequence: number,
  ): boolean;
  /** Checks the tag at `end` and decrypts [payload, end). False: not authentic, and the packet is as it was. */
  openRtp(
    buffer: Uint8Array,
    start: number,
    payload: number,
    end: number,
    ssrc: number,
    rollover: number,
    sequence: number,
  ): boolean;
  /** Encrypts all behind the first header's 8 bytes of [start, end) and appends `rtcpOverhead` bytes. */
  sealRtcp(buffer: Uint8Array, start: number, end: number, ssrc: number, index: number): boolean;
  /** The 32 bits with encryption flag and index of the protected packet [start, protectedEnd); not yet authentic. */
  readRtcpIndexWord(buffer: Uint8Array, protectedEnd: number): number;
  /** Opens the packet whose text ends at `end`, `rtcpOverhead` bytes before the protected packet's end. */
  openRtcp(buffer: Uint8Array, start: number, end: number, ssrc: number, indexWord: number): boolean;
  close(): void;
}

/** Encryption flag of the SRTCP index word (RFC 3711 §3.4). */
export const RTCP_ENCRYPTED = 0x80000000;

/** Bytes of the first RTCP header that stay readable. */
export const RTCP_HEADER = 8;
