/**
 * RTMP's chunks (Adobe's specification of 2012, §5.3): several streams of messages in one connection, each message cut into pieces.
 * @module
 */
import { readUint24, readUint32 } from "../../rtp/bytes.ts";

/** Types of the messages that the chunks themselves are about. */
const SET_CHUNK_SIZE = 1;
const ABORT = 2;

const FIRST_CHUNK_SIZE = 128;
const MAX_CHUNK_SIZE = 0xff_ffff;
/** Chunk streams of a connection; encoders use up to eight. */
const MAX_STREAMS = 16;
/** Bytes that all of them may hold, in messages of the longest. */
const MAX_HELD = 2;
/** The longest header: three bytes of basic, eleven of message header, four of extended timestamp. */
const MAX_HEADER = 18;
const EXTENDED = 0xff_ffff;
/** Bytes of a message header by its format. */
const HEADER_BYTES = [11, 7, 3, 0] as const;

/** A message; one record is reused, and its bytes are the receiver's during the call alone, to be written to as well. */
export interface RtmpMessage {
  type: number;
  /** Milliseconds, modulo 2³². */
  timestamp: number;
  stream: number;
  bytes: Buffer;
  length: number;
}

interface ChunkStream {
  type: number;
  stream: number;
  timestamp: number;
  /** To the next message, where its header doesn't say. */
  delta: number;
  extended: boolean;
  length: number;
  filled: number;
  /** Whether a message has begun and isn't complete. */
  open: boolean;
  body: Buffer;
}

export interface ChunkReaderOptions {
  /** Takes a message. @returns false to read no further */
  readonly message: (message: RtmpMessage) => boolean;
  /** The longest message (bytes), asked for each. */
  readonly maxMessage: () => number;
}

export interface ChunkReader {
  /** @returns false when it breaks the rules, or was told to stop: nothing more is read then */
  push(bytes: Uint8Array): boolean;
}

const NOTHING = Buffer.alloc(0);

export function createChunkReader({ message, maxMessage }: ChunkReaderOptions): ChunkReader {
  const streams = new Map<number, ChunkStream>();
  const header = Buffer.alloc(MAX_HEADER);
  const out: RtmpMessage = { type: 0, timestamp: 0, stream: 0, bytes: NOTHING, length: 0 };
  let headerLength = 0;
  let chunkSize = FIRST_CHUNK_SIZE;
  let held = 0;
  /** The stream whose chunk is being read, and bytes of it that are still to come. */
  let current: ChunkStream | undefined;
  let missing = 0;
  let over = false;

  /** Bytes that the header has, as far as what is there of it tells; at least one more than there are where it isn't complete. */
  function wanted(): number {
    if (headerLength === 0) return 1;
    const mark = header[0]! & 0x3f;
    const basic = mark === 0 ? 2 : mark === 1 ? 3 : 1;
    if (headerLength < basic) return basic;
    const format = header[0]! >> 6;
    const whole = basic + HEADER_BYTES[format]!;
    if (headerLength < whole) return whole;
    const extended = format === 3 ? streams.get(streamId())?.extended : readUint24(header, basic) === EXTENDED;
    return extended ? whole + 4 : whole;
  }

  function streamId(): number {
    const mark = header[0]! & 0x3f;
    return mark === 0 ? 64 + header[1]! : mark === 1 ? 64 + header[1]! + header[2]! * 256 : mark;
  }

  /** Room for a message in its stream, taken from what all may hold. */
  function reserve(stream: ChunkStream): boolean {
    const { length, body } = stream;
    const longest = maxMessage();
    if (length > longest) return false;
    if (length <= body.length) return true;
    held += length - body.length;
    if (held > longest * MAX_HELD) return false;
    stream.body = Buffer.allocUnsafe(length);
    return true;
  }

  /** A header is complete: a message begins, or goes on. */
  function begin(): boolean {
    const id = streamId();
    const format = header[0]! >> 6;
    const mark = header[0]! & 0x3f;
    const at = mark === 0 ? 2 : mark === 1 ? 3 : 1;
    let stream = streams.get(id);
    if (stream === undefined) {
      if (format !== 0 || streams.size === MAX_STREAMS) return false;
      stream = { ...{ type: 0, stream: 0, timestamp: 0, delta: 0, extended: false }, ...EMPTY };
      streams.set(id, stream);
    }
    current = stream;
    if (stream.open) {
      missing = Math.min(chunkSize, stream.length - stream.filled);
      return format === 3;
    }
    if (format < 3) {
      const time = readUint24(header, at);
      stream.extended = time === EXTENDED;
      stream.delta = stream.extended ? readUint32(header, headerLength - 4) : time;
    }
    if (format < 2) {
      stream.length = readUint24(header, at + 3);
      stream.type = header[at + 6]!;
    }
    if (format === 0) stream.stream = header.readUInt32LE(at + 7);
    stream.timestamp = format === 0 ? stream.delta : (stream.timestamp + stream.delta) >>> 0;
    if (!reserve(stream)) return false;
    stream.open = true;
    stream.filled = 0;
    missing = Math.min(chunkSize, stream.length);
    return true;
  }

  /** A chunk is complete, and maybe its message. */
  function end(stream: ChunkStream): boolean {
    current = undefined;
    headerLength = 0;
    if (stream.filled < stream.length) return true;
    stream.open = false;
    const { type, timestamp, body, length } = stream;
    if (type === SET_CHUNK_SIZE) {
      if (length < 4) return false;
      chunkSize = readUint32(body, 0);
      return chunkSize > 0 && chunkSize <= MAX_CHUNK_SIZE;
    }
    if (type === ABORT) {
      if (length < 4) return false;
      const aborted = streams.get(readUint32(body, 0));
      if (aborted) aborted.open = false;
      return true;
    }
    out.type = type;
    out.timestamp = timestamp;
    out.stream = stream.stream;
    out.bytes = body;
    out.length = length;
    return message(out);
  }

  function read(bytes: Uint8Array): boolean {
    for (let at = 0; at < bytes.length; ) {
      if (current === undefined) {
        const need = wanted();
        while (headerLength < need && at < bytes.length) header[headerLength++] = bytes[at++]!;
        if (headerLength < need || wanted() > headerLength) continue;
        if (!begin()) return false;
      }
      const stream = current!;
      const size = Math.min(missing, bytes.length - at);
      stream.body.set(bytes.subarray(at, at + size), stream.filled);
      stream.filled += size;
      missing -= size;
      at += size;
      if (missing === 0 && !end(stream)) return false;
    }
    return true;
  }

  return {
    push(bytes) {
      if (over) return false;
      over = !read(bytes);
      return !over;
    },
  };
}

const EMPTY = { length: 0, filled: 0, open: false, body: NOTHING };
