/** What an entry of a {@link SendQueue} asks for. */
export const SEND = {
  /** A packet for the first time. */
  media: 0,
  /** A packet again. */
  again: 1,
} as const;

/** Whose queue it is. */
export interface QueueOwner {
  /** The first entry after a flush is there. */
  queued(): void;
  /** No entry fits any more: it must empty the queue. */
  drain(now: number): void;
}

/** A frame of one picture and some voices: most sessions never need more. */
const FIRST_CAPACITY = 32;

/**
 * What one session is to send, in order: filled while packets are decided about and emptied by the session's writer
 * after the batch. An entry names a slot and a number of it; the rest stands in the slot's {@link SentPackets}.
 */
export class SendQueue {
  length = 0;
  /** Whether its owner was told and hasn't flushed it since. */
  waiting = false;
  /** Whether some slot's timeline has a new beginning, which a sender report must accompany. */
  reportDue = false;
  private readonly limit: number;
  /** Two per entry: the number, and slot × 2 + kind. */
  private entries: Float64Array;
  private readonly owner: QueueOwner;

  /** @param limit how many entries it may hold. */
  constructor(limit: number, owner: QueueOwner) {
    this.limit = limit;
    this.entries = new Float64Array(2 * Math.min(limit, FIRST_CAPACITY));
    this.owner = owner;
  }

  /** @param number extended outbound sequence number. */
  push(slot: number, kind: number, number: number, now: number): void {
    if (2 * this.length === this.entries.length) this.makeRoom(now);
    const at = 2 * this.length++;
    this.entries[at] = number;
    this.entries[at + 1] = 2 * slot + kind;
    if (this.waiting) return;
    this.waiting = true;
    this.owner.queued();
  }

  slot(entry: number): number {
    return this.entries[2 * entry + 1]! >> 1;
  }

  kind(entry: number): number {
    return this.entries[2 * entry + 1]! & 1;
  }

  number(entry: number): number {
    return this.entries[2 * entry]!;
  }

  private makeRoom(now: number): void {
    if (this.length === this.limit) {
      this.owner.drain(now);
      return;
    }
    const larger = new Float64Array(2 * Math.min(this.limit, 2 * this.length));
    larger.set(this.entries);
    this.entries = larger;
  }
}
