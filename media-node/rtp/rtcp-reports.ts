import { readUint24, readUint32 } from "./bytes.ts";
import { RTCP, type RtcpPacket } from "./rtcp-packet.ts";

/** The sender's part of a sender report (RFC 3550 §6.4.1). */
export interface SenderInfo {
  ssrc: number;
  ntpSeconds: number;
  ntpFraction: number;
  rtpTimestamp: number;
  packets: number;
  octets: number;
}

/** One report block of a sender or receiver report (RFC 3550 §6.4.1). */
export interface ReportBlock {
  ssrc: number;
  /** Loss since the last report in 1/256. */
  fractionLost: number;
  /** Packets lost in all, signed. */
  lost: number;
  highestSequence: number;
  /** Interarrival jitter in clock units. */
  jitter: number;
  /** Compact NTP time of the last sender report received, 0 before the first. */
  lastSenderReport: number;
  /** Time since then in 1/65536 s. */
  sinceSenderReport: number;
}

export function createSenderInfo(): SenderInfo {
  return { ssrc: 0, ntpSeconds: 0, ntpFraction: 0, rtpTimestamp: 0, packets: 0, octets: 0 };
}

export function createReportBlock(): ReportBlock {
  return {
    ssrc: 0,
    fractionLost: 0,
    lost: 0,
    highestSequence: 0,
    jitter: 0,
    lastSenderReport: 0,
    sinceSenderReport: 0,
  };
}

/** @returns false when the sender report is too short. */
export function readSenderInfo(bytes: Uint8Array, packet: RtcpPacket, out: SenderInfo): boolean {
  const { body } = packet;
  if (body + 24 > packet.end) return false;
  out.ssrc = readUint32(bytes, body);
  out.ntpSeconds = readUint32(bytes, body + 4);
  out.ntpFraction = readUint32(bytes, body + 8);
  out.rtpTimestamp = readUint32(bytes, body + 12);
  out.packets = readUint32(bytes, body + 16);
  out.octets = readUint32(bytes, body + 20);
  return true;
}

/** Reads report block `index` of a sender or receiver report. @returns false when the packet has no such block. */
export function readReportBlock(bytes: Uint8Array, packet: RtcpPacket, index: number, out: ReportBlock): boolean {
  const first = packet.body + (packet.type === RTCP.senderReport ? 24 : 4);
  const offset = first + index * 24;
  if (index >= packet.count || offset + 24 > packet.end) return false;
  out.ssrc = readUint32(bytes, offset);
  out.fractionLost = bytes[offset + 4]!;
  out.lost = (readUint24(bytes, offset + 5) << 8) >> 8;
  out.highestSequence = readUint32(bytes, offset + 8);
  out.jitter = readUint32(bytes, offset + 12);
  out.lastSenderReport = readUint32(bytes, offset + 16);
  out.sinceSenderReport = readUint32(bytes, offset + 20);
  return true;
}
