import { ContentType, RECORD_HEADER } from "./constants.ts";
import { encodeMessage, fragmentMessage, type HandshakeMessage } from "./handshake-message.ts";
import type { RecordWriter } from "./record-writer.ts";

/** Writes plain handshake messages into as few datagrams of at most `mtu` bytes as fit, with fresh record numbers. */
export function packFlight(messages: readonly HandshakeMessage[], mtu: number, writer: RecordWriter): Uint8Array[] {
  const datagrams: Uint8Array[] = [];
  let records: Uint8Array[] = [];
  let size = 0;
  for (const message of messages) {
    for (const fragment of fragmentMessage(message, mtu - RECORD_HEADER)) {
      const length = RECORD_HEADER + fragment.length;
      if (size + length > mtu) {
        datagrams.push(Buffer.concat(records));
        records = [];
        size = 0;
      }
      records.push(writer.plain(ContentType.handshake, fragment));
      size += length;
    }
  }
  datagrams.push(Buffer.concat(records));
  return datagrams;
}

/** The last flight, ChangeCipherSpec and Finished, as one datagram. */
export function packFinished(finished: HandshakeMessage, writer: RecordWriter): Uint8Array {
  return Buffer.concat([
    writer.plain(ContentType.changeCipherSpec, Uint8Array.of(1)),
    writer.sealed(ContentType.handshake, encodeMessage(finished)),
  ]);
}
