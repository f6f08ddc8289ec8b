/**
 * What encoders send: RTMP's bytes, and FLV's tags in them.
 * @module
 */
import { writeUint24, writeUint32 } from "../../../rtp/bytes.ts";
import { type Amf0Output, writeAmf0 } from "../amf0.ts";

export interface SentMessage {
  readonly type: number;
  readonly body: Uint8Array;
  readonly timestamp?: number;
  readonly stream?: number;
  /** Chunk stream. */
  readonly chunks?: number;
}

const EXTENDED = 0xff_ffff;

/** The basic header of a chunk, in as few bytes as there may be. */
export function basicHeader(format: number, chunks: number): Buffer {
  if (chunks < 64) return Buffer.of((format << 6) | chunks);
  if (chunks < 320) return Buffer.of(format << 6, chunks - 64);
  return Buffer.of((format << 6) | 1, (chunks - 64) & 0xff, (chunks - 64) >> 8);
}

/**
 * A message as chunks.
 * @param format of the first: 0 with all it needs, 1 to 3 with less
 * @param time what the header says: the timestamp in format 0, else the difference
 */
export function chunksOf(message: SentMessage, size: number, format = 0, time = message.timestamp ?? 0): Buffer {
  const { type, body, stream = 1, chunks = 4 } = message;
  const header = Buffer.alloc([11, 7, 3, 0][format]!);
  const extended = time >= EXTENDED ? Buffer.alloc(4) : Buffer.alloc(0);
  if (extended.length > 0) writeUint32(extended, 0, time);
  if (format < 3) writeUint24(header, 0, Math.min(time, EXTENDED));
  if (format < 2) {
    writeUint24(header, 3, body.length);
    header[6] = type;
  }
  if (format === 0) header.writeUInt32LE(stream, 7);
  const parts: Uint8Array[] = [basicHeader(format, chunks), header, extended, body.subarray(0, size)];
  for (let at = size; at < body.length; at += size)
    parts.push(basicHeader(3, chunks), extended, body.subarray(at, at + size));
  return Buffer.concat(parts);
}

export const command = (...values: readonly Amf0Output[]): SentMessage => ({
  ...{ type: 20, stream: 0, chunks: 3 },
  body: writeAmf0(...values),
});

/** The first two parts of an encoder's handshake, which it may send without waiting. */
export const HANDSHAKE = Buffer.concat([Buffer.of(3), Buffer.alloc(1_536, 7), Buffer.alloc(1_536)]);

/** All that an encoder says before it sends, in chunks of 128 bytes. */
export function introduction(key: string): Buffer {
  const said = [
    command("connect", 1, { app: "live", type: "nonprivate", tcUrl: "rtmp://127.0.0.1/live" }),
    command("releaseStream", 2, null, key),
    command("FCPublish", 3, null, key),
    command("createStream", 4, null),
    { ...command("publish", 5, null, key, "live"), stream: 1 },
  ];
  return Buffer.concat([HANDSHAKE, ...said.map(message => chunksOf(message, 128))]);
}

export const SPS = Buffer.from("6742c01fda0280", "hex");
export const PPS = Buffer.from("68ce3c80", "hex");

/** A configuration record of baseline, lengths in 4 bytes. */
export function avcConfiguration(profile = 66, sets: readonly [Uint8Array, Uint8Array] = [SPS, PPS]): Buffer {
  const [sps, pps] = sets;
  const head = Buffer.of(1, profile, 0xc0, 31, 0xff, 0xe1, sps.length >> 8, sps.length);
  return Buffer.concat([head, sps, Buffer.of(1, pps.length >> 8, pps.length), pps]);
}

/** Units, each behind its length. */
export const units = (...all: readonly Uint8Array[]): Buffer =>
  Buffer.concat(
    all.flatMap(unit => {
      const length = Buffer.alloc(4);
      writeUint32(length, 0, unit.length);
      return [length, unit];
    }),
  );

/** A unit of that type and length. */
export const unit = (type: number, length: number): Buffer => {
  const bytes = Buffer.alloc(length, length);
  bytes[0] = 0x60 | type;
  return bytes;
};

/** A video message with H.264: a configuration record, or a frame that is shown so much later (ms). */
export const configurationTag = (record: Uint8Array): Buffer => Buffer.concat([Buffer.of(0x17, 0, 0, 0, 0), record]);
export function frameTag(frame: Uint8Array, composition = 0): Buffer {
  const head = Buffer.of(0x27, 1, 0, 0, 0);
  writeUint24(head, 2, composition & 0xff_ffff);
  return Buffer.concat([head, frame]);
}
