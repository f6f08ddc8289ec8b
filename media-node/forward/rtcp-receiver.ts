import { compactNtp, compactToMilliseconds, ntpToMilliseconds, toCompactNtp } from "../rtp/ntp.ts";
import { byeSsrc, feedbackMedia, firSsrc, readNack, readRemb } from "../rtp/rtcp-feedback.ts";
import { createRtcpPacket, FEEDBACK, isRtcpCompound, nextRtcp, RTCP, type RtcpPacket } from "../rtp/rtcp-packet.ts";
import { createReportBlock, createSenderInfo, readReportBlock, readSenderInfo } from "../rtp/rtcp-reports.ts";
import type { Inbound } from "./inbound.ts";
import type { Layer } from "./layer.ts";
import type { Outbound } from "./outbound.ts";
import type { RoundTrip } from "./round-trip.ts";

/** What a peer says about the path to it: for the congestion side. */
export interface PathReports {
  /** Bits per second the receiver thinks it can take. */
  remb(bitsPerSecond: number, now: number): void;
  /** Share lost (0 to 1) of what one slot sent since the last report. */
  loss(fraction: number, now: number): void;
}

/** What an {@link RtcpReceiver} serves. */
export interface RtcpReceiverOptions {
  readonly inbound: Inbound;
  readonly outbound: Outbound;
  readonly roundTrip: RoundTrip;
  readonly path: PathReports;
  /** Whether reduced-size RTCP was negotiated (RFC 5506). */
  readonly reducedSize: boolean;
  /** The peer ended a stream. */
  readonly onBye: (layer: Layer, now: number) => void;
}

/** One packet asks for so many retransmissions at most. */
const MAX_NACKED = 256;
const packet = createRtcpPacket();
const sender = createSenderInfo();
const block = createReportBlock();
const nacked = new Uint16Array(MAX_NACKED);

/** Reads a peer's RTCP and tells layers and slots what concerns them. Unknown types and SSRCs are skipped. */
export class RtcpReceiver {
  /** Compounds that broke the rules. */
  malformed = 0;
  private readonly options: RtcpReceiverOptions;

  constructor(options: RtcpReceiverOptions) {
    this.options = options;
  }

  /** Takes an unprotected compound packet. @returns false when it is malformed; nothing of it is then used. */
  receive(bytes: Uint8Array, offset: number, length: number, now: number): boolean {
    if (!isRtcpCompound(bytes, offset, length, this.options.reducedSize)) {
      this.malformed++;
      return false;
    }
    const end = offset + length;
    for (let position = offset; position < end; ) {
      position = nextRtcp(bytes, position, end, packet);
      this.take(bytes, packet, now);
    }
    return true;
  }

  private take(bytes: Uint8Array, packet: RtcpPacket, now: number): void {
    switch (packet.type) {
      case RTCP.senderReport:
        if (readSenderInfo(bytes, packet, sender)) this.senderReport(now);
        this.reportBlocks(bytes, packet, now);
        break;
      case RTCP.receiverReport:
        this.reportBlocks(bytes, packet, now);
        break;
      case RTCP.bye:
        this.bye(bytes, packet, now);
        break;
      case RTCP.transport:
        if (packet.count === FEEDBACK.nack) this.nack(bytes, packet, now);
        break;
      case RTCP.payload:
        this.payloadFeedback(bytes, packet, now);
        break;
    }
  }

  private senderReport(now: number): void {
    const { ntpSeconds, ntpFraction } = sender;
    const layer = this.options.inbound.layerOf(sender.ssrc);
    const compact = compactNtp(ntpSeconds, ntpFraction);
    layer?.senderReport(ntpToMilliseconds(ntpSeconds, ntpFraction), compact, sender.rtpTimestamp, now);
  }

  private reportBlocks(bytes: Uint8Array, packet: RtcpPacket, now: number): void {
    const { outbound, roundTrip, path } = this.options;
    for (let i = 0; readReportBlock(bytes, packet, i, block); i++) {
      if (outbound.slotOf(block.ssrc) === undefined) continue;
      path.loss(block.fractionLost / 256, now);
      if (block.lastSenderReport === 0) continue;
      const away = (toCompactNtp(now) - block.lastSenderReport - block.sinceSenderReport) | 0;
      roundTrip.update(compactToMilliseconds(away));
    }
  }

  private nack(bytes: Uint8Array, packet: RtcpPacket, now: number): void {
    const slot = this.options.outbound.slotOf(feedbackMedia(bytes, packet));
    if (slot === undefined) return;
    const count = readNack(bytes, packet, nacked);
    const { milliseconds, known } = this.options.roundTrip;
    for (let i = 0; i < count; i++) slot.resend(nacked[i]!, now, known ? milliseconds : 0);
  }

  private payloadFeedback(bytes: Uint8Array, packet: RtcpPacket, now: number): void {
    const { outbound, path } = this.options;
    if (packet.count === FEEDBACK.pli) outbound.slotOf(feedbackMedia(bytes, packet))?.requestKeyFrame(now);
    else if (packet.count === FEEDBACK.fir) {
      for (let i = 0, ssrc = firSsrc(bytes, packet, 0); ssrc >= 0; ssrc = firSsrc(bytes, packet, ++i)) {
        outbound.slotOf(ssrc)?.requestKeyFrame(now);
      }
    } else if (packet.count === FEEDBACK.application) {
      const estimate = readRemb(bytes, packet);
      if (estimate >= 0) path.remb(estimate, now);
    }
  }

  private bye(bytes: Uint8Array, packet: RtcpPacket, now: number): void {
    for (let i = 0, ssrc = byeSsrc(bytes, packet, 0); ssrc >= 0; ssrc = byeSsrc(bytes, packet, ++i)) {
      const layer = this.options.inbound.layerOf(ssrc);
      if (layer !== undefined) this.options.onBye(layer, now);
    }
  }
}

export function createRtcpReceiver(options: RtcpReceiverOptions): RtcpReceiver {
  return new RtcpReceiver(options);
}
