import { readUint16, readUint32 } from "./bytes.ts";

/** What {@link readRtp} found, as numbers. All offsets count from the start of the buffer. One record is reused. */
export interface RtpHeader {
  marker: boolean;
  payloadType: number;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** First byte of the fixed header. */
  offset: number;
  csrcCount: number;
  /** Fixed header, CSRCs and header extension together, in bytes. */
  headerLength: number;
  /** The "defined by profile" field of the extension: 0xBEDE, 0x1000-0x100F, or 0 where there is none. */
  extensionProfile: number;
  extensionOffset: number;
  extensionLength: number;
  payloadOffset: number;
  /** Without padding; 0 for a packet that is padding only. */
  payloadLength: number;
  paddingLength: number;
}

export function createRtpHeader(): RtpHeader {
  return {
    marker: false,
    payloadType: 0,
    sequence: 0,
    timestamp: 0,
    ssrc: 0,
    offset: 0,
    csrcCount: 0,
    headerLength: 0,
    extensionProfile: 0,
    extensionOffset: 0,
    extensionLength: 0,
    payloadOffset: 0,
    payloadLength: 0,
    paddingLength: 0,
  };
}

/**
 * Reads the header of the RTP packet at `offset` into `out` (RFC 3550 §5.1, RFC 8285 §4).
 * @returns false when version, CSRC count, extension length or padding don't fit the packet; `out` is then undefined.
 */
export function readRtp(bytes: Uint8Array, offset: number, length: number, out: RtpHeader): boolean {
  if (length < 12 || offset + length > bytes.length) return false;
  const first = bytes[offset]!;
  if (first >> 6 !== 2) return false;
  const csrcCount = first & 0x0f;
  const end = offset + length;
  let position = offset + 12 + csrcCount * 4;
  out.extensionProfile = 0;
  out.extensionOffset = position;
  out.extensionLength = 0;
  if (first & 0x10) {
    if (position + 4 > end) return false;
    out.extensionProfile = readUint16(bytes, position);
    out.extensionOffset = position + 4;
    out.extensionLength = readUint16(bytes, position + 2) * 4;
    position += 4 + out.extensionLength;
  }
  if (position > end) return false;
  out.paddingLength = 0;
  if (first & 0x20) {
    const padding = bytes[end - 1]!;
    if (padding === 0 || padding > end - position) return false;
    out.paddingLength = padding;
  }
  const second = bytes[offset + 1]!;
  out.marker = second > 127;
  out.payloadType = second & 0x7f;
  out.sequence = readUint16(bytes, offset + 2);
  out.timestamp = readUint32(bytes, offset + 4);
  out.ssrc = readUint32(bytes, offset + 8);
  out.offset = offset;
  out.csrcCount = csrcCount;
  out.headerLength = position - offset;
  out.payloadOffset = position;
  out.payloadLength = end - position - out.paddingLength;
  return true;
}

/** Whether a packet of a multiplexed flow is RTCP: packet types 192-223 (RFC 5761 §4). */
export function isRtcp(bytes: Uint8Array, offset: number, length: number): boolean {
  if (length < 2) return false;
  const type = bytes[offset + 1]!;
  return type >= 192 && type <= 223;
}
