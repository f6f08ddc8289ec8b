import { RTCP_HEADER } from "./cipher.ts";
import { createSrtpCipher } from "./create-cipher.ts";
import { countFailure, createSrtpCounters, type SrtpCounters, SrtpFailure } from "./failure.ts";
import { isInside, readUint16, readUint32, rtpHeaderLength } from "./packet.ts";
import type { SrtpPrimitives } from "./primitives.ts";
import type { SrtpMasterKey } from "./profiles.ts";
import { selectSrtpPrimitives } from "./select-primitives.ts";
import { createStreamTable } from "./stream-table.ts";

/** What a session receives: authenticates, decrypts and refuses replays, for all SSRCs of the peer. */
export interface InboundSrtp {
  readonly counters: Readonly<SrtpCounters>;
  /**
   * Turns the SRTP packet at `offset` into RTP in place.
   * @returns the RTP packet's length (header, payload and any padding), or a {@link SrtpFailure}, counted; the packet
   *   is then as it was
   */
  unprotectRtp(buffer: Uint8Array, offset: number, length: number): number;
  /** Turns the SRTCP packet at `offset` into a compound RTCP packet in place; returns as `unprotectRtp` does. */
  unprotectRtcp(buffer: Uint8Array, offset: number, length: number): number;
  /** Frees the keys; packets are refused from then on. */
  close(): void;
}

export interface InboundSrtpOptions {
  readonly master: SrtpMasterKey;
  /** Most SSRCs of each of RTP and RTCP, default 128. A stream is only remembered once a packet was authentic. */
  readonly maxStreams?: number;
  readonly primitives?: SrtpPrimitives;
}

const DEFAULT_MAX_STREAMS = 128;

export function createInboundSrtp(options: InboundSrtpOptions): InboundSrtp {
  const cipher = createSrtpCipher(options.master, options.primitives ?? selectSrtpPrimitives());
  const maxStreams = options.maxStreams ?? DEFAULT_MAX_STREAMS;
  const rtpStreams = createStreamTable(maxStreams);
  const rtcpStreams = createStreamTable(maxStreams);
  const counters = createSrtpCounters();
  const { rtpOverhead, rtcpOverhead } = cipher;
  let closed = false;

  function openKnown(slot: number, buffer: Uint8Array, start: number, payload: number, end: number, ssrc: number) {
    const sequence = readUint16(buffer, start + 2);
    const rollover = rtpStreams.estimateRollover(slot, sequence);
    const seen = rtpStreams.check(slot, rollover, sequence);
    if (seen !== 0) return seen;
    if (!cipher.openRtp(buffer, start, payload, end, ssrc, rollover, sequence)) return SrtpFailure.unauthentic;
    rtpStreams.mark(slot, rollover, sequence);
    return 0;
  }

  /**
   * A stream begins with rollover counter 0. Several stacks choose a first sequence number of all 16 bits, so what
   * was lost before may have crossed the wrap: then it is 1.
   */
  function openFirst(buffer: Uint8Array, start: number, payload: number, end: number, ssrc: number) {
    if (rtpStreams.isFull) return SrtpFailure.tooManyStreams;
    const sequence = readUint16(buffer, start + 2);
    let rollover = 0;
    if (!cipher.openRtp(buffer, start, payload, end, ssrc, 0, sequence)) {
      rollover = 1;
      if (sequence >= 0x8000 || !cipher.openRtp(buffer, start, payload, end, ssrc, 1, sequence)) {
        return SrtpFailure.unauthentic;
      }
    }
    rtpStreams.add(ssrc, rollover, sequence);
    return 0;
  }

  function openRtcp(buffer: Uint8Array, start: number, end: number) {
    const ssrc = readUint32(buffer, start + 4);
    const indexWord = cipher.readRtcpIndexWord(buffer, end + rtcpOverhead);
    const upper = (indexWord >>> 16) & 0x7fff;
    const lower = indexWord & 0xffff;
    const slot = rtcpStreams.find(ssrc);
    const seen =
      slot >= 0 ? rtcpStreams.check(slot, upper, lower) : rtcpStreams.isFull ? SrtpFailure.tooManyStreams : 0;
    if (seen !== 0) return seen;
    if (!cipher.openRtcp(buffer, start, end, ssrc, indexWord)) return SrtpFailure.unauthentic;
    if (slot >= 0) rtcpStreams.mark(slot, upper, lower);
    else rtcpStreams.add(ssrc, upper, lower);
    return 0;
  }

  return {
    counters,
    unprotectRtp(buffer, offset, length) {
      if (closed) return countFailure(counters, SrtpFailure.unusable);
      const plainLength = length - rtpOverhead;
      const headerLength = isInside(buffer, offset, length) ? rtpHeaderLength(buffer, offset, plainLength) : -1;
      if (headerLength < 0) return countFailure(counters, SrtpFailure.malformed);
      const ssrc = readUint32(buffer, offset + 8);
      const slot = rtpStreams.find(ssrc);
      const payload = offset + headerLength;
      const end = offset + plainLength;
      const result =
        slot >= 0 ? openKnown(slot, buffer, offset, payload, end, ssrc) : openFirst(buffer, offset, payload, end, ssrc);
      if (result !== 0) return countFailure(counters, result);
      counters.rtp++;
      return plainLength;
    },
    unprotectRtcp(buffer, offset, length) {
      if (closed) return countFailure(counters, SrtpFailure.unusable);
      const plainLength = length - rtcpOverhead;
      if (!isInside(buffer, offset, length) || plainLength < RTCP_HEADER || buffer[offset]! >>> 6 !== 2) {
        return countFailure(counters, SrtpFailure.malformed);
      }
      const result = openRtcp(buffer, offset, offset + plainLength);
      if (result !== 0) return countFailure(counters, result);
      counters.rtcp++;
      return plainLength;
    },
    close() {
      if (closed) return;
      closed = true;
      cipher.close();
    },
  };
}
