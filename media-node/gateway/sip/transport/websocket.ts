import {
  createWebSocketReader as createReader,
  OPCODE,
  type WebSocketReader,
  writeFrame,
} from "../../../net/websocket/frames.ts";
import { type Handshake, readHandshake as readAny } from "../../../net/websocket/handshake.ts";
import { MAX_BODY, MAX_HEAD } from "../message/parse.ts";

/** SIP over WebSocket (RFC 7118). */
const PROTOCOL = "sip";
const MAX_MESSAGE = MAX_HEAD + MAX_BODY;

/** Whether a connection's first bytes are a WebSocket handshake. */
export function isHandshake(first: Uint8Array): boolean {
  return first[0] === 0x47 && first[1] === 0x45 && first[2] === 0x54 && first[3] === 0x20;
}

/** Reads an opening handshake; it must offer the subprotocol `sip`. Accepted, the connection is SIP from `rest` on. */
export const readHandshake = (bytes: Uint8Array): Handshake => readAny(bytes, PROTOCOL);

/** A SIP message as one WebSocket message: text, as browsers expect it, unless its bytes are no UTF-8. */
export function messageFrame(message: Uint8Array): Uint8Array {
  const text = Buffer.from(message.buffer, message.byteOffset, message.length);
  const isText = Buffer.from(text.toString("utf8"), "utf8").equals(text);
  return writeFrame(isText ? OPCODE.text : OPCODE.binary, message);
}

export interface WebSocketReaderEvents {
  message(bytes: Uint8Array): boolean;
  /** Bytes to be sent: the answer to a ping or to a close. */
  reply(bytes: Uint8Array): void;
}

/** Cuts a client's bytes into SIP messages. Memory is bounded by the longest one. */
export const createWebSocketReader = ({ message, reply }: WebSocketReaderEvents): WebSocketReader =>
  createReader({ maxMessage: MAX_MESSAGE, message, reply });
