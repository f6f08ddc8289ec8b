import { writeUint24, writeUint32 } from "../../rtp/bytes.ts";

/** What we announce and write by: our messages are short, so each is one chunk. */
export const CHUNK_SIZE = 4_096;
const HEADER = 12;
/** Chunk streams: that of what connections are about, and that of commands. */
const CONTROL = 2;
const COMMANDS = 3;
const LAST_CONTROL_TYPE = 6;

/** Writes a message of at most {@link CHUNK_SIZE} bytes as one chunk, its header complete. */
export function writeMessage(type: number, stream: number, body: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER + body.length);
  bytes[0] = type <= LAST_CONTROL_TYPE ? CONTROL : COMMANDS;
  writeUint24(bytes, 4, body.length);
  bytes[7] = type;
  bytes.writeUInt32LE(stream, 8);
  bytes.set(body, HEADER);
  return bytes;
}

/** Writes a control message: 32-bit numbers, or bytes behind them. */
export function writeControl(type: number, value: number, ...more: readonly number[]): Buffer {
  const body = Buffer.alloc(4 + more.length);
  writeUint32(body, 0, value);
  body.set(more, 4);
  return writeMessage(type, 0, body);
}
