import { RECORD_HEADER } from "./constants.ts";
import type { RecordKeys } from "./key-schedule.ts";
import { sealRecord, writeRecordHeader } from "./record-cipher.ts";

/** Makes every record that an endpoint sends, and alone hands out record numbers: none of an epoch comes twice. */
export interface RecordWriter {
  /** A record of epoch 0. */
  plain(type: number, payload: Uint8Array): Uint8Array;
  /** A record of epoch 1; only after `protect`. */
  sealed(type: number, payload: Uint8Array): Uint8Array;
  /** Installs the keys of epoch 1, once. */
  protect(keys: RecordKeys): void;
}

/** @param first number of the first record of epoch 0 */
export function createRecordWriter(first = 0): RecordWriter {
  let plainSequence = first;
  let sealedSequence = 0;
  let keys: RecordKeys | undefined;
  return {
    plain(type, payload) {
      const record = Buffer.allocUnsafe(RECORD_HEADER + payload.length);
      writeRecordHeader(record, type, 0, plainSequence++, payload.length);
      record.set(payload, RECORD_HEADER);
      return record;
    },
    sealed(type, payload) {
      if (keys === undefined) throw new Error("record keys are not installed");
      return sealRecord(keys, type, 1, sealedSequence++, payload);
    },
    protect(next) {
      // Other keys under running numbers would be sound, the same keys from zero would not: refuse both.
      if (keys !== undefined) throw new Error("record keys are already installed");
      keys = next;
    },
  };
}
