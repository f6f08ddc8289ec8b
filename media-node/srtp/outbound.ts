import { RTCP_HEADER, type SrtpCipher } from "./cipher.ts";
import { createSrtpCipher } from "./create-cipher.ts";
import { countFailure, createSrtpCounters, type SrtpCounters, SrtpFailure } from "./failure.ts";
import { isInside, readUint16, readUint32 } from "./packet.ts";
import type { SrtpPrimitives } from "./primitives.ts";
import type { SrtpMasterKey } from "./profiles.ts";
import { selectSrtpPrimitives } from "./select-primitives.ts";
import { createStreamTable, type StreamTable } from "./stream-table.ts";

/** What a session sends: encrypts and authenticates packets where they stand. */
export interface OutboundSrtp {
  /** Bytes that must be free behind an RTP and an RTCP packet. */
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  readonly counters: Readonly<SrtpCounters>;
  /**
   * Protects the RTP packet at `offset` in place. Its index follows from its sequence number and what the SSRC sent
   * before, so late packets may be sent after newer ones, up to 992 behind. No index is used twice: in GCM that would
   * give the key away, so a second packet with a used number is refused whatever it holds.
   * @returns the protected length, or a {@link SrtpFailure}, counted: then nothing of the buffer may be sent
   */
  protectRtp(buffer: Uint8Array, offset: number, headerLength: number, payloadLength: number): number;
  /** Protects the compound RTCP packet at `offset` in place; returns as `protectRtp` does. */
  protectRtcp(buffer: Uint8Array, offset: number, length: number): number;
  /** Frees the keys; packets are refused from then on. */
  close(): void;
}

export interface OutboundSrtpOptions {
  readonly master: SrtpMasterKey;
  /** Most SSRCs that the session sends, default 1,024. */
  readonly maxStreams?: number;
  readonly primitives?: SrtpPrimitives;
}

const DEFAULT_MAX_STREAMS = 1024;
const FIXED_HEADER = 12;
const LAST_ROLLOVER = 0xffffffff;
const LAST_RTCP_INDEX = 0x7fffffff;

/** A class for its one shape: a session's turn comes with cold caches, and closures would lie all over the heap. */
class Outbound implements OutboundSrtp {
  readonly rtpOverhead: number;
  readonly rtcpOverhead: number;
  readonly counters = createSrtpCounters();
  private readonly cipher: SrtpCipher;
  private readonly streams: StreamTable;
  private nextRtcpIndex = 1;
  private closed = false;

  constructor(cipher: SrtpCipher, streams: StreamTable) {
    this.rtpOverhead = cipher.rtpOverhead;
    this.rtcpOverhead = cipher.rtcpOverhead;
    this.cipher = cipher;
    this.streams = streams;
  }

  protectRtp(buffer: Uint8Array, offset: number, headerLength: number, payloadLength: number): number {
    const { counters, rtpOverhead } = this;
    if (this.closed) return countFailure(counters, SrtpFailure.unusable);
    if (headerLength < FIXED_HEADER || payloadLength < 0) return countFailure(counters, SrtpFailure.malformed);
    const length = headerLength + payloadLength;
    if (!isInside(buffer, offset, length + rtpOverhead)) return countFailure(counters, SrtpFailure.noRoom);
    const result = this.sealRtp(buffer, offset, offset + headerLength, offset + length);
    if (result !== 0) return countFailure(counters, result);
    counters.rtp++;
    return length + rtpOverhead;
  }

  protectRtcp(buffer: Uint8Array, offset: number, length: number): number {
    const { counters, rtcpOverhead } = this;
    if (this.closed || this.nextRtcpIndex > LAST_RTCP_INDEX) return countFailure(counters, SrtpFailure.unusable);
    if (length < RTCP_HEADER) return countFailure(counters, SrtpFailure.malformed);
    if (!isInside(buffer, offset, length + rtcpOverhead)) return countFailure(counters, SrtpFailure.noRoom);
    const ssrc = readUint32(buffer, offset + 4);
    // One counter for all our SSRCs: indices only have to rise per SSRC.
    if (!this.cipher.sealRtcp(buffer, offset, offset + length, ssrc, this.nextRtcpIndex++)) {
      return countFailure(counters, SrtpFailure.unusable);
    }
    counters.rtcp++;
    return length + rtcpOverhead;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.cipher.close();
  }

  private sealRtp(buffer: Uint8Array, start: number, payload: number, end: number): number {
    const { cipher, streams } = this;
    const ssrc = readUint32(buffer, start + 8);
    const sequence = readUint16(buffer, start + 2);
    const slot = streams.find(ssrc);
    if (slot < 0) {
      if (streams.isFull) return SrtpFailure.tooManyStreams;
      streams.add(ssrc, 0, sequence);
      return cipher.sealRtp(buffer, start, payload, end, ssrc, 0, sequence) ? 0 : SrtpFailure.unusable;
    }
    const rollover = streams.estimateRollover(slot, sequence);
    if (rollover > LAST_ROLLOVER) return SrtpFailure.unusable;
    const used = streams.check(slot, rollover, sequence);
    if (used !== 0) return used;
    // Marked first: should the cipher fail half-way, the index is spent all the same.
    streams.mark(slot, rollover, sequence);
    return cipher.sealRtp(buffer, start, payload, end, ssrc, rollover, sequence) ? 0 : SrtpFailure.unusable;
  }
}

export function createOutboundSrtp(options: OutboundSrtpOptions): OutboundSrtp {
  const cipher = createSrtpCipher(options.master, options.primitives ?? selectSrtpPrimitives());
  return new Outbound(cipher, createStreamTable(options.maxStreams ?? DEFAULT_MAX_STREAMS));
}
