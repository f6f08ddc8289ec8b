/** Lateness is sorted into buckets of so many ms; what is later than the last one counts as that. */
const BUCKET = 5;
const BUCKETS = 60;
/** What share of packets shall come in time. */
const QUANTILE = 0.97;
/** Weight of the newest packet once many are known: about four seconds are remembered. */
const WEIGHT = 1 / 200;
/** The least delay is looked for in the last two spans of so many ms, so that a drifting clock is followed. */
const SPAN = 5_000;
/** Before jitter is known, this delay (ms) is aimed at, over so many packets. */
const FIRST_TARGET = 40;
const LEARNING = 25;

/**
 * How late packets come, and so how long sound must wait to play without holes. Times of media and arrival are
 * milliseconds, of different clocks.
 */
export class DelayMeter {
  /** Packets should be decoded so long (ms) after they could have come at best. */
  target = FIRST_TARGET;
  private readonly shares = new Float64Array(BUCKETS);
  private packets = 0;
  private spanEnd = 0;
  /** Least difference between arrival and media time, in this span and the one before. */
  private least = Number.POSITIVE_INFINITY;
  private leastBefore = Number.POSITIVE_INFINITY;

  /** A packet with this media time came. */
  packet(media: number, now: number): void {
    const transit = now - media;
    if (now >= this.spanEnd) {
      this.leastBefore = this.least;
      this.least = transit;
      this.spanEnd = now + SPAN;
    }
    this.least = Math.min(this.least, transit);
    const late = transit - this.base;
    const bucket = Math.min(BUCKETS - 1, Math.floor(late / BUCKET));
    const weight = Math.max(WEIGHT, 1 / ++this.packets);
    const { shares } = this;
    for (let i = 0; i < BUCKETS; i++) shares[i]! *= 1 - weight;
    shares[bucket]! += weight;
    this.target = Math.max(this.quantile(), this.packets < LEARNING ? FIRST_TARGET : 0);
  }

  /** How long ago (ms) what was captured at `media` could have come at best. */
  age(media: number, now: number): number {
    return now - media - this.base;
  }

  private get base(): number {
    return Math.min(this.least, this.leastBefore);
  }

  private quantile(): number {
    let sum = 0;
    for (let i = 0; i < BUCKETS; i++) {
      sum += this.shares[i]!;
      if (sum >= QUANTILE) return (i + 2) * BUCKET;
    }
    return BUCKETS * BUCKET;
  }
}
