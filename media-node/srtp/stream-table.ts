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
 *
 * The window is a ring of words that slides by clearing the words it enters (RFC 6479), so marking costs the same
 * whatever its size.
 */
export class StreamTable {
  private records: Uint32Array;
  /** Packets of one stream come in bursts. */
  private lastSsrc = -1;
  private lastSlot = -1;
  private size = 0;
  private readonly limit: number;
  private capacity: number;
  /** Open addressing, at most half full; 0 is an empty place, else slot + 1. */
  private places: Uint16Array;
  private placeBits = 3;

  constructor(limit: number) {
    this.limit = limit;
    this.capacity = Math.min(limit, FIRST_CAPACITY);
    this.records = new Uint32Array(this.capacity * RECORD);
    this.places = new Uint16Array(1 << this.placeBits);
  }

  get isFull(): boolean {
    return this.size === this.limit;
  }

  /** The slot of `ssrc`, or -1. */
  find(ssrc: number): number {
    if (ssrc === this.lastSsrc) return this.lastSlot;
    const { places, records } = this;
    let place = this.firstPlace(ssrc);
    for (;;) {
      const slot = places[place]! - 1;
      if (slot < 0) return slot;
      if (records[slot * RECORD] === ssrc) {
        this.lastSsrc = ssrc;
        this.lastSlot = slot;
        return slot;
      }
      place = (place + 1) & (places.length - 1);
    }
  }

  /** Adds `ssrc` with its first packet and returns its slot; the table must not be full nor hold it already. */
  add(ssrc: number, rollover: number, sequence: number): number {
    if (this.size === this.capacity) this.grow();
    const slot = this.size++;
    const record = slot * RECORD;
    this.records[record] = ssrc;
    this.records[record + ROLLOVER] = rollover;
    this.records[record + SEQUENCE] = sequence;
    this.setBit(record, sequence);
    this.enter(ssrc, slot);
    return slot;
  }

  /** The rollover counter that `sequence` most likely belongs to (RFC 3711 §3.3.1, appendix A). */
  estimateRollover(slot: number, sequence: number): number {
    const rollover = this.records[slot * RECORD + ROLLOVER]!;
    const newest = this.records[slot * RECORD + SEQUENCE]!;
    if (newest < 0x8000) return sequence - newest > 0x8000 && rollover > 0 ? rollover - 1 : rollover;
    return newest - 0x8000 > sequence ? rollover + 1 : rollover;
  }

  /** 0 for an index not seen yet, else `SrtpFailure.replayed` or `.tooOld`. */
  check(slot: number, rollover: number, sequence: number): number {
    const record = slot * RECORD;
    const ahead = this.distance(record, rollover, sequence);
    if (ahead > 0) return 0;
    if (ahead <= -WINDOW) return SrtpFailure.tooOld;
    const newest = this.records[record + SEQUENCE]!;
    if ((newest >>> 5) - ((newest + ahead) >> 5) >= WORDS) return SrtpFailure.tooOld;
    const word = this.records[record + BITS + ((sequence >>> 5) & (WORDS - 1))]!;
    return word & (1 << (sequence & 31)) ? SrtpFailure.replayed : 0;
  }

  /** Remembers an index that `check` let pass. */
  mark(slot: number, rollover: number, sequence: number): void {
    const { records } = this;
    const record = slot * RECORD;
    const ahead = this.distance(record, rollover, sequence);
    if (ahead > 0) {
      const newest = records[record + SEQUENCE]!;
      const from = newest >>> 5;
      const entered = ahead >= WINDOW ? WORDS : ((newest + ahead) >>> 5) - from;
      for (let i = 1; i <= entered; i++) records[record + BITS + ((from + i) & (WORDS - 1))] = 0;
      records[record + ROLLOVER] = rollover;
      records[record + SEQUENCE] = sequence;
    }
    this.setBit(record, sequence);
  }

  /** How far an index lies ahead of the newest one, negative when behind. */
  private distance(record: number, rollover: number, sequence: number): number {
    return (rollover - this.records[record + ROLLOVER]!) * 0x10000 + sequence - this.records[record + SEQUENCE]!;
  }

  private setBit(record: number, sequence: number): void {
    const word = record + BITS + ((sequence >>> 5) & (WORDS - 1));
    this.records[word] = this.records[word]! | (1 << (sequence & 31));
  }

  private firstPlace(ssrc: number): number {
    return Math.imul(ssrc, 0x9e3779b1) >>> (32 - this.placeBits);
  }

  private enter(ssrc: number, slot: number): void {
    let place = this.firstPlace(ssrc);
    while (this.places[place] !== 0) place = (place + 1) & (this.places.length - 1);
    this.places[place] = slot + 1;
  }

  private grow(): void {
    this.capacity = Math.min(this.limit, this.capacity * 2);
    const larger = new Uint32Array(this.capacity * RECORD);
    larger.set(this.records);
    this.records = larger;
    while (1 << this.placeBits < this.capacity * 2) this.placeBits++;
    this.places = new Uint16Array(1 << this.placeBits);
    for (let slot = 0; slot < this.size; slot++) this.enter(larger[slot * RECORD]!, slot);
  }
}

/** @param limit most streams the table may hold; it starts small and grows by doubling */
export function createStreamTable(limit: number): StreamTable {
  return new StreamTable(limit);
}
