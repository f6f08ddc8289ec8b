/** First wait for an answer, in ms. Round trips of calls are short; RFC 6347's 1 s would be felt at every loss. */
const FIRST_WAIT = 200;
const LONGEST_WAIT = 1_000;
/** No flight is sent twice within this time, however often the peer asks. */
const SHORTEST_GAP = 25;

/** When a flight goes out again (RFC 6347 §4.2.4): exponential waits, and at once when the peer repeats its own. */
export interface Retransmission {
  /** Time of the next transmission, Infinity when none is due. */
  readonly dueAt: number;
  /** Something went out; `awaitsAnswer` starts the timer, otherwise stops it. */
  sent(now: number, awaitsAnswer: boolean): void;
  /** The timer fired: doubles the wait. */
  expired(): void;
  /** Whether the peer's own retransmission may be answered now. */
  mayAnswer(now: number): boolean;
  stop(): void;
}

export function createRetransmission(): Retransmission {
  let wait = FIRST_WAIT;
  let dueAt = Number.POSITIVE_INFINITY;
  let sentAt = Number.NEGATIVE_INFINITY;
  return {
    get dueAt() {
      return dueAt;
    },
    sent(now, awaitsAnswer) {
      sentAt = now;
      dueAt = awaitsAnswer ? now + wait : Number.POSITIVE_INFINITY;
    },
    expired() {
      wait = Math.min(LONGEST_WAIT, wait * 2);
    },
    mayAnswer: now => now - sentAt >= SHORTEST_GAP,
    stop() {
      dueAt = Number.POSITIVE_INFINITY;
    },
  };
}
