/** What an entry of a {@link SendQueue} asks for. */
export const SEND = {
  /** A packet for the first time. */
  media: 0,
  /** A packet again. */
  again: 1,
} as const;

/**
 * What one session is to send, in order: typed arrays, filled while packets are decided about and emptied by the
 * session's writer after the batch. An entry names a slot and a number of it; the rest stands in the slot's
 * {@link SentPackets}.
 */
export class SendQueue {
  readonly capacity: number;
  readonly slot: Uint16Array;
  readonly kind: Uint8Array;
  /** Extended outbound sequence number. */
  readonly number: Float64Array;
  length = 0;
  /** Whether its owner was told and hasn't flushed it since. */
  waiting = false;
  private readonly onFirst: () => void;
  private readonly onFull: (now: number) => void;

  /**
   * @param onFirst called for the first entry after a flush.
   * @param onFull called when no entry fits any more; it must empty the queue.
   */
  constructor(capacity: number, onFirst: () => void, onFull: (now: number) => void) {
    this.capacity = capacity;
    this.slot = new Uint16Array(capacity);
    this.kind = new Uint8Array(capacity);
    this.number = new Float64Array(capacity);
    this.onFirst = onFirst;
    this.onFull = onFull;
  }

  push(slot: number, kind: number, number: number, now: number): void {
    if (this.length === this.capacity) this.onFull(now);
    const at = this.length++;
    this.slot[at] = slot;
    this.kind[at] = kind;
    this.number[at] = number;
    if (this.waiting) return;
    this.waiting = true;
    this.onFirst();
  }
}
