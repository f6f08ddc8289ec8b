import { readUint32 } from "./bytes.ts";
import type { RtcpPacket } from "./rtcp-packet.ts";

const CNAME = 1;

/** Where a canonical name lies; `length` 0 where the chunk has none. One record is reused. */
export interface SdesChunk {
  ssrc: number;
  cnameOffset: number;
  cnameLength: number;
}

export function createSdesChunk(): SdesChunk {
  return { ssrc: 0, cnameOffset: 0, cnameLength: 0 };
}

/**
 * Reads the source description chunk at `offset` (RFC 3550 §6.5); the first begins at `packet.body`.
 * @returns where the next chunk begins, or -1 when there is none or it is malformed.
 */
export function nextSdesChunk(bytes: Uint8Array, packet: RtcpPacket, offset: number, out: SdesChunk): number {
  const { body, end } = packet;
  if (offset + 8 > end) return -1;
  out.ssrc = readUint32(bytes, offset);
  out.cnameLength = 0;
  let position = offset + 4;
  while (position < end) {
    const type = bytes[position++]!;
    if (type === 0) return body + ((position - body + 3) & ~3);
    if (position === end) return -1;
    const length = bytes[position++]!;
    if (position + length > end) return -1;
    if (type === CNAME && out.cnameLength === 0) {
      out.cnameOffset = position;
      out.cnameLength = length;
    }
    position += length;
  }
  return -1;
}
