import type { RoundTrip } from "./round-trip.ts";

/** Missing packets kept in mind per layer; the oldest are given up first. */
const CAPACITY = 256;
const GIVE_UP = 1_000;
const MAX_TRIES = 10;
/** Reordered packets have this long to come by themselves. */
const REORDER = 10;
const MIN_RETRY = 20;

/**
 * Which inbound packets are missing and when to ask for them (RFC 4585 §6.2.1). Works on extended numbers, so the
 * 16-bit wrap means nothing to it; asks again after a round trip; gives a packet up after a second, ten tries, or
 * when a key frame makes it useless.
 */
export class NackGenerator {
  private readonly roundTrip: RoundTrip;
  /** Ascending extended numbers, in the first {@link count} places. */
  private readonly missing = new Float64Array(CAPACITY);
  private readonly since = new Float64Array(CAPACITY);
  private readonly asked = new Float64Array(CAPACITY);
  private readonly tries = new Uint8Array(CAPACITY);
  private count = 0;

  constructor(roundTrip: RoundTrip) {
    this.roundTrip = roundTrip;
  }

  /** How many packets are missing and not given up. */
  get size(): number {
    return this.count;
  }

  /** Notes the gap `from` to `to` (both missing), above all that is noted. */
  lost(from: number, to: number, now: number): void {
    const first = Math.max(from, to - CAPACITY + 1);
    const overflow = this.count + (to - first + 1) - CAPACITY;
    if (overflow > 0) this.forget(overflow);
    for (let number = first; number <= to; number++) {
      this.missing[this.count] = number;
      this.since[this.count] = now;
      this.asked[this.count] = 0;
      this.tries[this.count] = 0;
      this.count++;
    }
  }

  /** A packet came after all. `recovered`: as a retransmission, which measures the round trip if asked for once. */
  arrived(number: number, now: number, recovered: boolean): void {
    for (let i = 0; i < this.count; i++) {
      if (this.missing[i] !== number) continue;
      if (recovered && this.tries[i] === 1) this.roundTrip.update(now - this.asked[i]!);
      this.remove(i);
      return;
    }
  }

  /** Gives up everything before `number`. */
  giveUpBefore(number: number): void {
    let old = 0;
    while (old < this.count && this.missing[old]! < number) old++;
    this.forget(old);
  }

  clear(): void {
    this.count = 0;
  }

  /** Writes the numbers to ask for now, ascending, as 16-bit numbers. @returns how many. */
  collect(now: number, out: Uint16Array): number {
    if (this.count === 0) return 0;
    const retry = Math.max(MIN_RETRY, this.roundTrip.milliseconds * 1.2);
    let kept = 0;
    let written = 0;
    for (let i = 0; i < this.count; i++) {
      const tries = this.tries[i]!;
      const waits = tries === 0 ? now - this.since[i]! >= REORDER : now - this.asked[i]! >= retry;
      if (now - this.since[i]! > GIVE_UP || (waits && tries === MAX_TRIES)) continue;
      this.move(i, kept);
      if (waits && written < out.length) {
        out[written++] = this.missing[kept]!;
        this.asked[kept] = now;
        this.tries[kept] = tries + 1;
      }
      kept++;
    }
    this.count = kept;
    return written;
  }

  private move(from: number, to: number): void {
    if (from === to) return;
    this.missing[to] = this.missing[from]!;
    this.since[to] = this.since[from]!;
    this.asked[to] = this.asked[from]!;
    this.tries[to] = this.tries[from]!;
  }

  private remove(at: number): void {
    for (let i = at + 1; i < this.count; i++) this.move(i, i - 1);
    this.count--;
  }

  private forget(oldest: number): void {
    if (oldest === 0) return;
    for (let i = oldest; i < this.count; i++) this.move(i, i - oldest);
    this.count -= oldest;
  }
}
