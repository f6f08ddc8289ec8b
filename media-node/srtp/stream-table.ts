import { SrtpFailure } from "./failure.ts";

const WORDS = 32;
/** Bits of history per stream; at least 992 packets behind the newest are told apart. */
const WINDOW = WORDS * 32;
const FIRST_CAPACITY = 4;

/** Words of a stream's record: SSRC, newest rollover counter and sequence number, then the window's bits. */
const RECORD = 4 + WORDS;
const ROLLOVER = 1;
const SEQUENCE = 2;
const BITS = 4;

/**
 * Newest index and replay window (RFC 3711 §3.3.2) of every SSRC of one direction and packet kind, in one typed array.
 * A packet's index is given as rollover counter and sequence number; for SRTCP these are the upper and lower half of
 * its 31-bit index. Streams are named by slot.
 */
export interface StreamTable {
  readonly size: number;
  readonly isFull: boolean;
  /** The slot of `ssrc`, or -1. */
  find(ssrc: number): number;
  /** Adds `ssrc` with its first packet and returns its slot; the table must not be full nor hold it already. */
  add(ssrc: number, rollover: number, sequence: number): number;
  /** The rollover counter that `sequence` most likely belongs to (RFC 3711 §3.3.1, appendix A). */
  estimateRollover(slot: number, sequence: number): number;
  /** 0 for an index not seen yet, else `SrtpFailure.replayed` or `.tooOld`. */
  check(slot: number, rollover: number, sequence: number): number;
  /** Remembers an index that `check` let pass. */
  mark(slot: number, rollover: number, sequence: number): void;
}

/**
 * The window is a ring of words that slides by clearing the words it enters (RFC 6479), so marking costs the same
 * whatever its size.
 * @param limit most streams the table may hold; it starts small and grows by doubling
 */
export function createStreamTable(limit: number): StreamTable {
  let capacity = Math.min(limit, FIRST_CAPACITY);
  let size = 0;
  let records = new Uint32Array(capacity * RECORD);
  // Open addressing, at most half full; 0 is an empty place, else slot + 1.
  let placeBits = 3;
  let places = new Uint16Array(1 << placeBits);
  /** Packets of one stream come in bursts. */
  let lastSsrc = -1;
  let lastSlot = -1;

  const firstPlace = (ssrc: number): number => Math.imul(ssrc, 0x9e3779b1) >>> (32 - placeBits);

  function enter(ssrc: number, slot: number): void {
    let place = firstPlace(ssrc);
    while (places[place] !== 0) place = (place + 1) & (places.length - 1);
    places[place] = slot + 1;
  }

  function grow(): void {
    capacity = Math.min(limit, capacity * 2);
    const larger = new Uint32Array(capacity * RECORD);
    larger.set(records);
    records = larger;
    while (1 << placeBits < capacity * 2) placeBits++;
    places = new Uint16Array(1 << placeBits);
    for (let slot = 0; slot < size; slot++) enter(records[slot * RECORD]!, slot);
  }

  /** How far an index lies ahead of the newest one, negative when behind. */
  const distance = (record: number, rollover: number, sequence: number): number =>
    (rollover - records[record + ROLLOVER]!) * 0x10000 + sequence - records[record + SEQUENCE]!;

  function setBit(record: number, sequence: number): void {
    const word = record + BITS + ((sequence >>> 5) & (WORDS - 1));
    records[word] = records[word]! | (1 << (sequence & 31));
  }

  return {
    get size() {
      return size;
    },
    get isFull() {
      return size === limit;
    },
    find(ssrc) {
      if (ssrc === lastSsrc) return lastSlot;
      let place = firstPlace(ssrc);
      for (;;) {
        const slot = places[place]! - 1;
        if (slot < 0) return slot;
        if (records[slot * RECORD] === ssrc) {
          lastSsrc = ssrc;
          lastSlot = slot;
          return slot;
        }
        place = (place + 1) & (places.length - 1);
      }
    },
    add(ssrc, rollover, sequence) {
      if (size === capacity) grow();
      const slot = size++;
      const record = slot * RECORD;
      records[record] = ssrc;
      records[record + ROLLOVER] = rollover;
      records[record + SEQUENCE] = sequence;
      setBit(record, sequence);
      enter(ssrc, slot);
      return slot;
    },
    estimateRollover(slot, sequence) {
      const rollover = records[slot * RECORD + ROLLOVER]!;
      const newest = records[slot * RECORD + SEQUENCE]!;
      if (newest < 0x8000) return sequence - newest > 0x8000 && rollover > 0 ? rollover - 1 : rollover;
      return newest - 0x8000 > sequence ? rollover + 1 : rollover;
    },
    check(slot, rollover, sequence) {
      const record = slot * RECORD;
      const ahead = distance(record, rollover, sequence);
      if (ahead > 0) return 0;
      if (ahead <= -WINDOW) return SrtpFailure.tooOld;
      const newest = records[record + SEQUENCE]!;
      if ((newest >>> 5) - ((newest + ahead) >> 5) >= WORDS) return SrtpFailure.tooOld;
      const word = records[record + BITS + ((sequence >>> 5) & (WORDS - 1))]!;
      return word & (1 << (sequence & 31)) ? SrtpFailure.replayed : 0;
    },
    mark(slot, rollover, sequence) {
      const record = slot * RECORD;
      const ahead = distance(record, rollover, sequence);
      if (ahead > 0) {
        const newest = records[record + SEQUENCE]!;
        const from = newest >>> 5;
        const entered = ahead >= WINDOW ? WORDS : ((newest + ahead) >>> 5) - from;
        for (let i = 1; i <= entered; i++) records[record + BITS + ((from + i) & (WORDS - 1))] = 0;
        records[record + ROLLOVER] = rollover;
        records[record + SEQUENCE] = sequence;
      }
      setBit(record, sequence);
    },
  };
}
