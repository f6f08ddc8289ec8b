import { crc32c } from "./crc32c.ts";

/** Chunk types (RFC 9260 §3.2, RFC 3758 §3.2, RFC 6525 §3.1). */
export const ChunkType = {
  data: 0,
  init: 1,
  initAck: 2,
  sack: 3,
  heartbeat: 4,
  heartbeatAck: 5,
  abort: 6,
  shutdown: 7,
  shutdownAck: 8,
  cookieEcho: 10,
  cookieAck: 11,
  reConfig: 130,
  forwardTsn: 192,
} as const;

export const PACKET_HEADER = 12;
export const CHUNK_HEADER = 4;
const CHECKSUM_AT = 8;
/** Longest packet read: several times what any peer's path carries, and a bound on what one packet can cost. */
const LONGEST_PACKET = 4_096;

/** Both ends use it: WebRTC has one association per DTLS connection (RFC 8841 §5). */
const PORT = 5_000;

/** A chunk inside a packet; `value` is a view without header and padding. */
export interface ChunkView {
  readonly type: number;
  readonly flags: number;
  readonly value: Buffer;
}

export interface PacketView {
  readonly verificationTag: number;
  readonly chunks: readonly ChunkView[];
}

/** Parses a packet (RFC 9260 §3); undefined when header, checksum or any chunk's length is wrong. */
export function readPacket(bytes: Uint8Array): PacketView | undefined {
  const packet = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const { length } = packet;
  if (length < PACKET_HEADER + CHUNK_HEADER || length > LONGEST_PACKET) return undefined;
  if (packet.readUInt16BE(2) !== PORT) return undefined;
  if (crc32c(packet, CHECKSUM_AT) !== packet.readUInt32LE(CHECKSUM_AT)) return undefined;
  const chunks = readItems(packet.subarray(PACKET_HEADER), 1);
  return chunks && { verificationTag: packet.readUInt32BE(4), chunks };
}

/** Parses the parameters of a chunk (RFC 9260 §3.2.1): like chunks, but with a type of two bytes. */
export function readParameters(bytes: Buffer): ChunkView[] | undefined {
  return readItems(bytes, 2);
}

function readItems(bytes: Buffer, typeWidth: 1 | 2): ChunkView[] | undefined {
  const items: ChunkView[] = [];
  for (let at = 0; at < bytes.length; ) {
    if (bytes.length - at < CHUNK_HEADER) return undefined;
    const length = bytes.readUInt16BE(at + 2);
    if (length < CHUNK_HEADER || at + length > bytes.length) return undefined;
    const type = bytes.readUIntBE(at, typeWidth);
    items.push({ type, flags: bytes[at + 1]!, value: bytes.subarray(at + CHUNK_HEADER, at + length) });
    at += padded(length);
  }
  return items;
}

/** Encodes a packet of encoded chunks. */
export function writePacket(verificationTag: number, chunks: readonly Uint8Array[]): Uint8Array {
  const header = Buffer.alloc(PACKET_HEADER);
  header.writeUInt16BE(PORT, 0);
  header.writeUInt16BE(PORT, 2);
  header.writeUInt32BE(verificationTag, 4);
  const packet = Buffer.concat([header, ...chunks]);
  packet.writeUInt32LE(crc32c(packet, CHECKSUM_AT), CHECKSUM_AT);
  return packet;
}

/** Encodes a chunk with its padding. */
export function writeChunk(type: number, flags: number, ...parts: Uint8Array[]): Uint8Array {
  return writeItem((type << 8) | flags, parts);
}

export function writeParameter(type: number, ...parts: Uint8Array[]): Uint8Array {
  return writeItem(type, parts);
}

function writeItem(head: number, parts: Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, CHUNK_HEADER);
  const item = Buffer.alloc(padded(length));
  item.writeUInt16BE(head, 0);
  item.writeUInt16BE(length, 2);
  let at = CHUNK_HEADER;
  for (const part of parts) {
    item.set(part, at);
    at += part.length;
  }
  return item;
}

const padded = (length: number): number => (length + 3) & ~3;

/** Big-endian 32-bit numbers, one after the other. */
export function u32(...numbers: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(numbers.length * 4);
  for (const [at, number] of numbers.entries()) bytes.writeUInt32BE(number, at * 4);
  return bytes;
}

/** Big-endian 16-bit numbers, one after the other. */
export function u16(...numbers: number[]): Buffer {
  const bytes = Buffer.allocUnsafe(numbers.length * 2);
  for (const [at, number] of numbers.entries()) bytes.writeUInt16BE(number, at * 2);
  return bytes;
}
