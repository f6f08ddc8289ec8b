import { RECORD_HEADER } from "./constants.ts";

/** One record inside a datagram. `bytes` is a view of the whole record, header included. */
export interface RecordView {
  readonly type: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/**
 * Splits off the record at `offset` of a datagram; the next one starts at `offset + bytes.length`. Undefined when the
 * rest is no whole DTLS record. The version's minor byte is not looked at: a first ClientHello comes as DTLS 1.0.
 */
export function readRecord(datagram: Uint8Array, offset: number): RecordView | undefined {
  const left = datagram.length - offset;
  if (left < RECORD_HEADER || datagram[offset + 1] !== 0xfe) return undefined;
  const length = datagram[offset + 11]! * 256 + datagram[offset + 12]!;
  if (left < RECORD_HEADER + length) return undefined;
  let sequence = 0;
  for (let at = offset + 5; at < offset + 11; at++) sequence = sequence * 256 + datagram[at]!;
  return {
    type: datagram[offset]!,
    epoch: datagram[offset + 3]! * 256 + datagram[offset + 4]!,
    sequence,
    bytes: datagram.subarray(offset, offset + RECORD_HEADER + length),
  };
}
