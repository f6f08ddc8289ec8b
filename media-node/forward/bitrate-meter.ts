const INTERVAL = 500;
const WEIGHT = 0.5;

/** Bit rate from a counter of bytes, looked at twice a second and smoothed over about a second. */
export class BitrateMeter {
  bitsPerSecond = 0;
  private bytes = 0;
  private since = Number.NEGATIVE_INFINITY;

  /** Looks at the counter, if it is time. @returns whether {@link bitsPerSecond} was brought up to date. */
  update(bytes: number, now: number): boolean {
    const elapsed = now - this.since;
    if (elapsed < INTERVAL) return false;
    if (elapsed !== Number.POSITIVE_INFINITY) {
      const present = ((bytes - this.bytes) * 8000) / elapsed;
      this.bitsPerSecond += (present - this.bitsPerSecond) * WEIGHT;
    }
    this.bytes = bytes;
    this.since = now;
    return true;
  }
}
