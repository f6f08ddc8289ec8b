import { readUint16, readUint32 } from "./bytes.ts";

/** RTCP packet types (RFC 3550 §12.1, RFC 4585 §6.1). */
export const RTCP = {
  senderReport: 200,
  receiverReport: 201,
  sdes: 202,
  bye: 203,
  transport: 205,
  payload: 206,
} as const;

/** Feedback message types of {@link RTCP.transport} and {@link RTCP.payload}. */
export const FEEDBACK = { nack: 1, transportWide: 15, pli: 1, fir: 4, application: 15 } as const;

/** One packet of a compound: its type and the bounds of its own bytes. One record is reused. */
export interface RtcpPacket {
  type: number;
  /** Report count, source count or feedback message type. */
  count: number;
  /** First byte after the four-byte header. */
  body: number;
  /** One past the last byte, padding taken off. */
  end: number;
}

export function createRtcpPacket(): RtcpPacket {
  return { type: 0, count: 0, body: 0, end: 0 };
}

/**
 * Reads the header of the RTCP packet at `offset` of a compound that ends at `end` (RFC 3550 §6.1).
 * Every packet gets its own bounds, so that a reader cannot run into its neighbour.
 * @returns where the next packet begins (`end` after the last one), or -1 when the packet is malformed.
 */
export function nextRtcp(bytes: Uint8Array, offset: number, end: number, out: RtcpPacket): number {
  if (offset + 4 > end || end > bytes.length) return -1;
  const first = bytes[offset]!;
  if (first >> 6 !== 2) return -1;
  const next = offset + 4 + readUint16(bytes, offset + 2) * 4;
  if (next > end) return -1;
  out.type = bytes[offset + 1]!;
  out.count = first & 0x1f;
  out.body = offset + 4;
  out.end = next;
  if (first & 0x20) {
    const padding = bytes[next - 1]!;
    if (next !== end || padding === 0 || padding % 4 !== 0 || padding > next - out.body) return -1;
    out.end = next - padding;
  }
  return next;
}

/** SSRC of the sender of any packet but SDES, or -1 when it is too short. */
export function rtcpSender(bytes: Uint8Array, packet: RtcpPacket): number {
  return packet.body + 4 > packet.end ? -1 : readUint32(bytes, packet.body);
}

/**
 * Whether a compound keeps the rules: SR or RR first, unless reduced size was negotiated (RFC 5506),
 * every packet within bounds, nothing left over.
 */
export function isRtcpCompound(bytes: Uint8Array, offset: number, length: number, reducedSize: boolean): boolean {
  const end = offset + length;
  const packet = createRtcpPacket();
  let position = nextRtcp(bytes, offset, end, packet);
  if (position < 0) return false;
  if (!reducedSize && packet.type !== RTCP.senderReport && packet.type !== RTCP.receiverReport) return false;
  while (position < end) {
    position = nextRtcp(bytes, position, end, packet);
    if (position < 0) return false;
  }
  return true;
}
