import type { RoundTrip } from "./round-trip.ts";

const MIN_INTERVAL = 200;
const MAX_INTERVAL = 1_000;

/**
 * When a layer's publisher is asked for a key frame. However many sinks want one, it is one request at a time,
 * repeated every two round trips (200 ms to 1 s) until the key frame begins to arrive.
 */
export class KeyFrameRequester {
  private readonly roundTrip: RoundTrip;
  private wanted = false;
  private lastRequest = Number.NEGATIVE_INFINITY;

  constructor(roundTrip: RoundTrip) {
    this.roundTrip = roundTrip;
  }

  /** A sink wants a key frame. @returns whether to ask the publisher now. */
  want(now: number): boolean {
    this.wanted = true;
    return this.due(now);
  }

  /** @returns whether to ask (again) now. */
  due(now: number): boolean {
    if (!this.wanted) return false;
    const interval = Math.min(MAX_INTERVAL, Math.max(MIN_INTERVAL, 2 * this.roundTrip.milliseconds));
    if (now - this.lastRequest < interval) return false;
    this.lastRequest = now;
    return true;
  }

  /** A key frame begins, or nobody waits any longer. */
  settle(): void {
    this.wanted = false;
  }
}
