/**
 * A WebSocket's frames (RFC 6455 §5), the server's side.
 * @module
 */

/** Frame types. */
export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** Fragments of one message at most: whoever sends more means harm. */
const MAX_PARTS = 1_000;

/** An unfragmented, unmasked frame. */
export function writeFrame(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < 126 ? Buffer.alloc(2) : length < 65_536 ? Buffer.alloc(4) : Buffer.alloc(10);
  head[0] = 0x80 | opcode;
  if (length < 126) head[1] = length;
  else if (length < 65_536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeUInt32BE(length, 6);
  }
  return Buffer.concat([head, payload]);
}

/** The frame that ends a connection, with its reason. */
export function writeClose(code: number, reason: string): Uint8Array {
  const text = Buffer.from(reason, "utf8").subarray(0, 123);
  const payload = Buffer.alloc(2 + text.length);
  payload.writeUInt16BE(code);
  text.copy(payload, 2);
  return writeFrame(OPCODE.close, payload);
}

/** Cuts a client's bytes into messages. Memory is bounded by the longest message. */
export interface WebSocketReader {
  /** @returns false when the connection is to be closed: the peer closes it, or breaks the rules */
  push(chunk: Uint8Array): boolean;
}

export interface WebSocketReaderOptions {
  /** Bytes of the longest message taken. */
  readonly maxMessage: number;
  /** Takes a message, which is the taker's from then on. @returns false to close the connection */
  message(bytes: Uint8Array, isText: boolean): boolean;
  /** Bytes to be sent: the answer to a ping or to a close. */
  reply(bytes: Uint8Array): void;
}

export function createWebSocketReader({ maxMessage, message, reply }: WebSocketReaderOptions): WebSocketReader {
  let held = Buffer.alloc(0);
  let parts: Uint8Array[] = [];
  let partsLength = 0;
  let isText = false;
  let isFragmented = false;
  let isOver = false;

  function control(opcode: number, payload: Uint8Array): boolean {
    if (opcode === OPCODE.ping) reply(writeFrame(OPCODE.pong, payload));
    else if (opcode === OPCODE.close) reply(writeFrame(OPCODE.close, payload.subarray(0, 2)));
    return opcode !== OPCODE.close;
  }

  function data(opcode: number, isLast: boolean, payload: Uint8Array): boolean {
    if (isFragmented !== (opcode === OPCODE.continuation)) return false;
    if (!isFragmented) isText = opcode === OPCODE.text;
    parts.push(payload);
    partsLength += payload.length;
    if (partsLength > maxMessage || parts.length > MAX_PARTS) return false;
    isFragmented = !isLast;
    if (!isLast) return true;
    const whole = parts.length === 1 ? payload : Buffer.concat(parts);
    parts = [];
    partsLength = 0;
    return message(whole, isText);
  }

  /** Takes one frame off `held`; undefined while it isn't whole, false to end. */
  function next(): boolean | undefined {
    if (held.length < 2) return undefined;
    const first = held[0]!;
    const opcode = first & 0x0f;
    const short = held[1]! & 0x7f;
    const isControl = opcode >= OPCODE.close;
    const isKnown = opcode <= OPCODE.binary || (isControl && opcode <= OPCODE.pong);
    // Reserved bits, unmasked frames, long or fragmented control frames (RFC 6455 §5.1, §5.5).
    if ((first & 0x70) !== 0 || (held[1]! & 0x80) === 0 || !isKnown) return false;
    if (isControl && (short > 125 || (first & 0x80) === 0)) return false;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + lengthBytes + 4;
    if (held.length < start) return undefined;
    const length =
      lengthBytes === 0 ? short : lengthBytes === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    if (length > maxMessage) return false;
    if (held.length < start + length) return undefined;
    const payload = Buffer.from(held.subarray(start, start + length));
    for (let i = 0; i < length; i++) payload[i] = payload[i]! ^ held[start - 4 + (i & 3)]!;
    held = held.subarray(start + length);
    return isControl ? control(opcode, payload) : data(opcode, (first & 0x80) !== 0, payload);
  }

  return {
    push(chunk) {
      if (isOver) return false;
      held = held.length === 0 ? Buffer.from(chunk) : Buffer.concat([held, chunk]);
      for (;;) {
        const result = next();
        if (result === true) continue;
        if (result === false) isOver = true;
        return !isOver;
      }
    },
  };
}
