import { writeUint16, writeUint32 } from "../rtp/bytes.ts";

/** Fields of an RTP packet to build. */
export interface RtpFields {
  readonly payloadType: number;
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly marker?: boolean;
  readonly csrcs?: readonly number[];
  /** One-byte header extensions by id. */
  readonly extensions?: readonly (readonly [id: number, data: Uint8Array])[];
  readonly payload?: Uint8Array;
  readonly padding?: number;
}

/** Builds an RTP packet for tests. */
export function buildRtp(fields: RtpFields): Buffer {
  const { csrcs = [], extensions = [], payload = new Uint8Array(0), padding = 0 } = fields;
  const elements = extensions.flatMap(([id, data]) => [(id << 4) | (data.length - 1), ...data]);
  while (elements.length % 4 !== 0) elements.push(0);
  const extension = extensions.length > 0 ? [0xbe, 0xde, 0, elements.length / 4, ...elements] : [];
  const header = 12 + csrcs.length * 4;
  const packet = Buffer.alloc(header + extension.length + payload.length + padding);
  packet[0] = 0x80 | (padding > 0 ? 0x20 : 0) | (extension.length > 0 ? 0x10 : 0) | csrcs.length;
  packet[1] = (fields.marker ? 0x80 : 0) | fields.payloadType;
  writeUint16(packet, 2, fields.sequence);
  writeUint32(packet, 4, fields.timestamp);
  writeUint32(packet, 8, fields.ssrc);
  for (const [i, csrc] of csrcs.entries()) writeUint32(packet, 12 + i * 4, csrc);
  packet.set(extension, header);
  packet.set(payload, header + extension.length);
  if (padding > 0) packet[packet.length - 1] = padding;
  return packet;
}

/** What a model publisher puts into each payload, so that a receiver can tell whose packet it is. */
export interface Content {
  readonly source: number;
  readonly layer: number;
  /** Extended inbound sequence number. */
  readonly index: number;
  readonly frame: number;
  /** True capture time (ms). */
  readonly captured: number;
  /** First packet of a key frame, or any audio packet. */
  readonly start: boolean;
}

const CONTENT_LENGTH = 25;

function writeContent(to: Buffer, at: number, content: Content): void {
  to.writeUInt32BE(content.source, at);
  to.writeUInt8(content.layer, at + 4);
  to.writeDoubleBE(content.index, at + 5);
  to.writeUInt32BE(content.frame, at + 13);
  to.writeDoubleBE(content.captured, at + 17);
}

function readContent(from: Buffer, at: number, start: boolean): Content {
  return {
    source: from.readUInt32BE(at),
    layer: from.readUInt8(at + 4),
    index: from.readDoubleBE(at + 5),
    frame: from.readUInt32BE(at + 13),
    captured: from.readDoubleBE(at + 17),
    start,
  };
}

/** Numbers of a VP8 descriptor. */
export interface Vp8Numbers {
  readonly pictureId: number;
  readonly tl0: number;
  readonly keyIndex: number;
}

/** A VP8 payload with a full descriptor (15-bit picture id) or, `narrow`, one of 7 bits. */
export function vp8Payload(
  content: Content,
  numbers: Vp8Numbers,
  first: boolean,
  key: boolean,
  length: number,
  narrow = false,
): Buffer {
  const descriptor = narrow ? 5 : 6;
  const payload = Buffer.alloc(Math.max(length, descriptor + 1 + CONTENT_LENGTH));
  let at = 0;
  payload[at++] = 0x80 | (first ? 0x10 : 0);
  payload[at++] = 0xf0;
  if (narrow) payload[at++] = numbers.pictureId & 0x7f;
  else {
    payload[at++] = 0x80 | ((numbers.pictureId >> 8) & 0x7f);
    payload[at++] = numbers.pictureId;
  }
  payload[at++] = numbers.tl0;
  payload[at++] = numbers.keyIndex & 0x1f;
  payload[at++] = key ? 0 : 1;
  writeContent(payload, at, content);
  return payload;
}

/** Content and numbers of a VP8 payload as it left the node: always with 15-bit picture ids. */
export function readVp8(payload: Buffer): Content & Vp8Numbers {
  const start = (payload[0]! & 0x10) !== 0 && (payload[6]! & 1) === 0;
  return {
    ...readContent(payload, 7, start),
    pictureId: ((payload[2]! & 0x7f) << 8) | payload[3]!,
    tl0: payload[4]!,
    keyIndex: payload[5]! & 0x1f,
  };
}

/** A 20 ms Opus payload. */
export function opusPayload(content: Content, length: number): Buffer {
  const payload = Buffer.alloc(Math.max(length, 1 + CONTENT_LENGTH));
  payload[0] = 31 << 3;
  writeContent(payload, 1, content);
  return payload;
}

export function readOpus(payload: Buffer): Content {
  return readContent(payload, 1, true);
}
