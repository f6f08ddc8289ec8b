import { concat, createReader, integer, u8, u16 } from "./bytes.ts";
import { HANDSHAKE_HEADER } from "./constants.ts";

/** A whole handshake message. */
export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** A piece of one, as a record carries it (RFC 6347 §4.2.2). `data` is a view. */
export interface HandshakeFragment {
  readonly type: number;
  readonly length: number;
  readonly sequence: number;
  readonly offset: number;
  readonly data: Uint8Array;
}

/** The fragments in one record's payload, in order; undefined when any of it is malformed. */
export function readFragments(payload: Uint8Array): HandshakeFragment[] | undefined {
  const fragments: HandshakeFragment[] = [];
  const reader = createReader(payload);
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u8() * 65536 + reader.u16();
    const sequence = reader.u16();
    const offset = reader.u8() * 65536 + reader.u16();
    const data = reader.vector24();
    if (reader.failed || offset + data.length > length) return undefined;
    fragments.push({ type, length, sequence, offset, data });
  }
  return fragments;
}

export function encodeFragment({ type, length, sequence, offset, data }: HandshakeFragment): Uint8Array {
  return concat(u8(type), integer(length, 3), u16(sequence), integer(offset, 3), integer(data.length, 3), data);
}

/** A message as one fragment, the form in which it enters the transcript (RFC 6347 §4.2.6). */
export function encodeMessage({ type, sequence, body }: HandshakeMessage): Uint8Array {
  return encodeFragment({ type, sequence, length: body.length, offset: 0, data: body });
}

/** Cuts a message into encoded fragments of at most `limit` bytes each, header included. */
export function fragmentMessage(message: HandshakeMessage, limit: number): Uint8Array[] {
  const { type, sequence, body } = message;
  const pieces: Uint8Array[] = [];
  let offset = 0;
  do {
    const data = body.subarray(offset, offset + limit - HANDSHAKE_HEADER);
    pieces.push(encodeFragment({ type, sequence, length: body.length, offset, data }));
    offset += data.length;
  } while (offset < body.length);
  return pieces;
}
