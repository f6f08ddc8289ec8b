/** Round-trip time of a session's path in milliseconds, shared by everything that waits for an answer on it. */
export interface RoundTrip {
  readonly milliseconds: number;
  /** Whether anything was measured yet. */
  readonly known: boolean;
  /** Takes a measurement; nonsense is ignored. */
  update(milliseconds: number): void;
}

const DEFAULT = 100;
const MAX = 5_000;
/** As TCP's smoothed round-trip time (RFC 6298 §2). */
const WEIGHT = 1 / 8;

class SmoothedRoundTrip implements RoundTrip {
  milliseconds = DEFAULT;
  known = false;

  update(milliseconds: number): void {
    if (!(milliseconds >= 0 && milliseconds <= MAX)) return;
    this.milliseconds = this.known ? this.milliseconds + (milliseconds - this.milliseconds) * WEIGHT : milliseconds;
    this.known = true;
  }
}

export function createRoundTrip(): RoundTrip {
  return new SmoothedRoundTrip();
}
