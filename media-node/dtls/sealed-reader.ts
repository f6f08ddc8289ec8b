import { ContentType } from "./constants.ts";
import type { DtlsCounters } from "./counters.ts";
import type { RecordKeys } from "./key-schedule.ts";
import { openRecord } from "./record-cipher.ts";
import type { RecordView } from "./record-reader.ts";
import { createReplayWindow } from "./replay-window.ts";

/** A Finished record has 61 bytes. */
const LONGEST_EARLY_RECORD = 128;

/** Opens records of epoch 1 (RFC 6347 §4.1.2), each once. */
export interface SealedReader {
  protect(keys: RecordKeys): void;
  /** The payload, or undefined (counted) when the record is forged, repeated or too early. */
  open(record: RecordView): Uint8Array | undefined;
  /** A handshake record that came before the keys, once they are there: reordering must not cost a retransmission. */
  takeEarly(): RecordView | undefined;
  clear(): void;
}

export function createSealedReader(counters: DtlsCounters): SealedReader {
  const window = createReplayWindow();
  let keys: RecordKeys | undefined;
  let early: RecordView | undefined;
  return {
    protect(next) {
      keys = next;
    },
    open(record) {
      if (keys === undefined) {
        if (record.type === ContentType.handshake && record.bytes.length <= LONGEST_EARLY_RECORD) {
          early = { ...record, bytes: new Uint8Array(record.bytes) };
        } else counters.unexpected++;
        return undefined;
      }
      if (window.isReplay(record.sequence)) {
        counters.replayed++;
        return undefined;
      }
      const payload = openRecord(keys, record.bytes);
      if (payload === undefined) counters.unauthentic++;
      else window.accept(record.sequence);
      return payload;
    },
    takeEarly() {
      if (keys === undefined || early === undefined) return undefined;
      const record = early;
      early = undefined;
      return record;
    },
    clear() {
      keys = undefined;
      early = undefined;
    },
  };
}
