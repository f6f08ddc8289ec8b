import { createCipheriv, createDecipheriv } from "node:crypto";
import { DTLS_1_2, GCM_OVERHEAD, RECORD_HEADER } from "./constants.ts";
import type { RecordKeys } from "./key-schedule.ts";

const TAG = 16;
const OPTIONS = { authTagLength: TAG } as const;

/** Writes a record header (RFC 6347 §4.1). `sequence` has 48 bits. */
export function writeRecordHeader(
  record: Buffer,
  type: number,
  epoch: number,
  sequence: number,
  payloadLength: number,
): void {
  record[0] = type;
  record.writeUInt16BE(DTLS_1_2, 1);
  record.writeUInt16BE(epoch, 3);
  record.writeUIntBE(sequence, 5, 6);
  record.writeUInt16BE(payloadLength, 11);
}

/** Additional data of a record: epoch and number, type, version, length of the plain payload (RFC 5246 §6.2.3.3). */
function additionalData(header: Uint8Array, plainLength: number): Buffer {
  const data = Buffer.allocUnsafe(13);
  data.set(header.subarray(3, 11), 0);
  data.set(header.subarray(0, 3), 8);
  data.writeUInt16BE(plainLength, 11);
  return data;
}

function nonceOf(salt: Uint8Array, explicit: Uint8Array): Buffer {
  const nonce = Buffer.allocUnsafe(12);
  nonce.set(salt, 0);
  nonce.set(explicit, 4);
  return nonce;
}

/**
 * Encrypts one record with AES-GCM (RFC 5288). Epoch and number are the explicit nonce, so the pair must never come
 * twice under one key: only the record writer calls this.
 */
export function sealRecord(
  keys: RecordKeys,
  type: number,
  epoch: number,
  sequence: number,
  payload: Uint8Array,
): Uint8Array {
  const record = Buffer.allocUnsafe(RECORD_HEADER + GCM_OVERHEAD + payload.length);
  writeRecordHeader(record, type, epoch, sequence, GCM_OVERHEAD + payload.length);
  record.copyWithin(RECORD_HEADER, 3, 11);
  const explicit = record.subarray(RECORD_HEADER, RECORD_HEADER + 8);
  const cipher = createCipheriv("aes-128-gcm", keys.key, nonceOf(keys.salt, explicit), OPTIONS);
  cipher.setAAD(additionalData(record, payload.length));
  record.set(cipher.update(payload), RECORD_HEADER + 8);
  cipher.final();
  record.set(cipher.getAuthTag(), record.length - TAG);
  return record;
}

/** Decrypts one whole record, header included; undefined when it doesn't authenticate. */
export function openRecord(keys: RecordKeys, record: Uint8Array): Uint8Array | undefined {
  const plainLength = record.length - RECORD_HEADER - GCM_OVERHEAD;
  if (plainLength < 0) return undefined;
  const explicit = record.subarray(RECORD_HEADER, RECORD_HEADER + 8);
  const decipher = createDecipheriv("aes-128-gcm", keys.key, nonceOf(keys.salt, explicit), OPTIONS);
  decipher.setAAD(additionalData(record, plainLength));
  decipher.setAuthTag(record.subarray(record.length - TAG));
  const plain = decipher.update(record.subarray(RECORD_HEADER + 8, record.length - TAG));
  try {
    decipher.final();
  } catch {
    return undefined;
  }
  return plain;
}
