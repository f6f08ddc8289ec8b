import { readUint16, readUint32 } from "./bytes.ts";
import type { RtcpPacket } from "./rtcp-packet.ts";

/** SSRC a feedback message is about (RFC 4585 §6.1), or -1 when the packet is too short. 0 in FIR and REMB. */
export function feedbackMedia(bytes: Uint8Array, packet: RtcpPacket): number {
  return packet.body + 8 > packet.end ? -1 : readUint32(bytes, packet.body + 4);
}

/**
 * Sequence numbers of a generic NACK (RFC 4585 §6.2.1), as many as `out` has room for.
 * @returns how many were written.
 */
export function readNack(bytes: Uint8Array, packet: RtcpPacket, out: Uint16Array): number {
  let count = 0;
  for (let offset = packet.body + 8; offset + 4 <= packet.end; offset += 4) {
    const first = readUint16(bytes, offset);
    if (count === out.length) return count;
    out[count++] = first;
    let mask = readUint16(bytes, offset + 2);
    for (let bit = 1; mask !== 0; bit++, mask >>>= 1) {
      if ((mask & 1) === 0) continue;
      if (count === out.length) return count;
      out[count++] = first + bit;
    }
  }
  return count;
}

/** SSRC that entry `index` of a full intra request asks (RFC 5104 §4.3.1.1), or -1 past the last. */
export function firSsrc(bytes: Uint8Array, packet: RtcpPacket, index: number): number {
  const offset = packet.body + 8 + index * 8;
  return offset + 8 > packet.end ? -1 : readUint32(bytes, offset);
}

/** Command number of entry `index` of a full intra request: one repeated is the same request. */
export function firNumber(bytes: Uint8Array, packet: RtcpPacket, index: number): number {
  return bytes[packet.body + 12 + index * 8]!;
}

const REMB = 0x52454d42;

/** Bits per second of a receiver's estimate (draft-alvestrand-rmcat-remb §2.2), or -1 when it is none. */
export function readRemb(bytes: Uint8Array, packet: RtcpPacket): number {
  const { body } = packet;
  if (body + 16 > packet.end || readUint32(bytes, body + 8) !== REMB) return -1;
  const exponent = bytes[body + 13]! >> 2;
  const mantissa = ((bytes[body + 13]! & 3) << 16) | readUint16(bytes, body + 14);
  return mantissa * 2 ** exponent;
}

/** SSRC `index` of a BYE packet (RFC 3550 §6.6), or -1 past the last. */
export function byeSsrc(bytes: Uint8Array, packet: RtcpPacket, index: number): number {
  const offset = packet.body + index * 4;
  return index >= packet.count || offset + 4 > packet.end ? -1 : readUint32(bytes, offset);
}
