/** Retransmission timeouts in ms (RFC 9260 §6.3.1), with bounds made for calls: RFC's are 1 s and 60 s. */
const INITIAL = 500;
const MINIMUM = 200;
const MAXIMUM = 5_000;

export interface Rto {
  /** The current timeout in ms. */
  readonly timeout: number;
  /** Takes in a round-trip time in ms, of a chunk that was sent once only. */
  sample(roundTrip: number): void;
  /** Doubles the timeout after it ran out. */
  backOff(): void;
}

export function createRto(): Rto {
  let timeout = INITIAL;
  let smoothed: number | undefined;
  let variation = 0;
  return {
    get timeout() {
      return timeout;
    },
    sample(roundTrip) {
      if (smoothed === undefined) {
        smoothed = roundTrip;
        variation = roundTrip / 2;
      } else {
        variation = 0.75 * variation + 0.25 * Math.abs(smoothed - roundTrip);
        smoothed = 0.875 * smoothed + 0.125 * roundTrip;
      }
      timeout = Math.min(MAXIMUM, Math.max(MINIMUM, smoothed + 4 * variation));
    },
    backOff() {
      timeout = Math.min(MAXIMUM, timeout * 2);
    },
  };
}
