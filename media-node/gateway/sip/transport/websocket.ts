import { createHash } from "node:crypto";
import { MAX_BODY, MAX_HEAD } from "../message/parse.ts";

/** SIP over WebSocket (RFC 7118), the server's side of RFC 6455. */
const PROTOCOL = "sip";
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const MAX_HANDSHAKE = 8 * 1024;
const MAX_MESSAGE = MAX_HEAD + MAX_BODY;

const CONTINUATION = 0;
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** Whether a connection's first bytes are a WebSocket handshake. */
export function isHandshake(first: Uint8Array): boolean {
  return first[0] === 0x47 && first[1] === 0x45 && first[2] === 0x54 && first[3] === 0x20;
}

/** What to do about the bytes of a handshake. */
export type Handshake =
  | { readonly kind: "incomplete" }
  /** Answer so; the connection is SIP from `rest` on. */
  | { readonly kind: "accepted"; readonly answer: string; readonly rest: Uint8Array }
  /** Answer so and close. */
  | { readonly kind: "refused"; readonly answer: string };

function refused(status: string): Handshake {
  return { kind: "refused", answer: `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n` };
}

/** Reads an opening handshake (RFC 6455 §4.2.1); it must offer the subprotocol `sip`. */
export function readHandshake(bytes: Uint8Array): Handshake {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const end = buffer.indexOf("\r\n\r\n");
  if (end < 0)
    return bytes.length > MAX_HANDSHAKE ? refused("431 Request Header Fields Too Large") : { kind: "incomplete" };
  const [start = "", ...lines] = buffer.toString("latin1", 0, end).split("\r\n");
  const fields = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(":");
    const name = line.slice(0, Math.max(0, colon)).toLowerCase();
    const value = line.slice(colon + 1).trim();
    fields.set(name, fields.has(name) ? `${fields.get(name)},${value}` : value);
  }
  const lists = (name: string, token: string): boolean =>
    (fields.get(name) ?? "").split(",").some(part => part.trim().toLowerCase() === token);
  const key = fields.get("sec-websocket-key") ?? "";
  const isUpgrade = lists("upgrade", "websocket") && lists("connection", "upgrade");
  if (!/^GET \S+ HTTP\/1\.1$/.test(start) || !isUpgrade || !/^[A-Za-z0-9+/]{22}==$/.test(key))
    return refused("400 Bad Request");
  if (fields.get("sec-websocket-version") !== "13") return refused("426 Upgrade Required\r\nSec-WebSocket-Version: 13");
  if (!lists("sec-websocket-protocol", PROTOCOL)) return refused("400 Bad Request");
  const accept = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  const answer = [
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    `Sec-WebSocket-Accept: ${accept}`,
    `Sec-WebSocket-Protocol: ${PROTOCOL}`,
    "\r\n",
  ].join("\r\n");
  return { kind: "accepted", answer, rest: bytes.subarray(end + 4) };
}

function frame(opcode: number, payload: Uint8Array): Uint8Array {
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

/** A SIP message as one WebSocket message: text, as browsers expect it, unless its bytes are no UTF-8. */
export function messageFrame(message: Uint8Array): Uint8Array {
  const text = Buffer.from(message.buffer, message.byteOffset, message.length);
  return frame(Buffer.from(text.toString("utf8"), "utf8").equals(text) ? TEXT : BINARY, message);
}

/** Cuts a client's bytes into messages. Memory is bounded by the longest SIP message. */
export interface WebSocketReader {
  /** @returns false when the connection is to be closed: the peer closes it, or breaks the rules */
  push(chunk: Uint8Array): boolean;
}

export interface WebSocketReaderEvents {
  message(bytes: Uint8Array): boolean;
  /** Bytes to be sent: the answer to a ping or to a close. */
  reply(bytes: Uint8Array): void;
}

export function createWebSocketReader({ message, reply }: WebSocketReaderEvents): WebSocketReader {
  let held = Buffer.alloc(0);
  let parts: Uint8Array[] = [];
  let partsLength = 0;
  let isFragmented = false;
  let isOver = false;

  function control(opcode: number, payload: Uint8Array): boolean {
    if (opcode === PING) reply(frame(PONG, payload));
    else if (opcode === CLOSE) reply(frame(CLOSE, payload.subarray(0, 2)));
    return opcode === PING || opcode === PONG;
  }

  function data(opcode: number, isLast: boolean, payload: Uint8Array): boolean {
    if (isFragmented !== (opcode === CONTINUATION)) return false;
    parts.push(payload);
    partsLength += payload.length;
    if (partsLength > MAX_MESSAGE || parts.length > 1_000) return false;
    isFragmented = !isLast;
    if (!isLast) return true;
    const whole = Buffer.concat(parts);
    parts = [];
    partsLength = 0;
    return message(whole);
  }

  /** Takes one frame off `held`; undefined while it isn't whole, false to end. */
  function next(): boolean | undefined {
    if (held.length < 2) return undefined;
    const first = held[0]!;
    const opcode = first & 0x0f;
    const short = held[1]! & 0x7f;
    const isControl = opcode >= CLOSE;
    const isKnown = opcode <= BINARY || (opcode >= CLOSE && opcode <= PONG);
    // Reserved bits, unmasked frames, long or fragmented control frames (RFC 6455 §5.1, §5.5).
    if ((first & 0x70) !== 0 || (held[1]! & 0x80) === 0 || !isKnown) return false;
    if (isControl && (short > 125 || (first & 0x80) === 0)) return false;
    const lengthBytes = short === 126 ? 2 : short === 127 ? 8 : 0;
    const start = 2 + lengthBytes + 4;
    if (held.length < start) return undefined;
    const length =
      lengthBytes === 0 ? short : lengthBytes === 2 ? held.readUInt16BE(2) : Number(held.readBigUInt64BE(2));
    if (length > MAX_MESSAGE) return false;
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
