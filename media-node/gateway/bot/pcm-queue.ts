/** Bytes to begin with. */
const FIRST = 64 * 1024;

/** Bytes that wait, first in, first out. Memory grows with what waits, up to a limit. */
export class PcmQueue {
  length = 0;
  private readonly limit: number;
  private ring = Buffer.alloc(0);
  private head = 0;

  /** @param limit most bytes */
  constructor(limit: number) {
    this.limit = limit;
  }

  /** @returns false when there is no room for all of them; then none is taken */
  push(bytes: Uint8Array): boolean {
    const whole = this.length + bytes.length;
    if (whole > this.limit) return false;
    if (whole > this.ring.length) this.grow(whole);
    const { ring } = this;
    const at = (this.head + this.length) % ring.length;
    const first = Math.min(bytes.length, ring.length - at);
    ring.set(bytes.subarray(0, first), at);
    ring.set(bytes.subarray(first), 0);
    this.length = whole;
    return true;
  }

  /** Takes the oldest bytes, as many as fill `into`, and fills up with zeros where there aren't so many. */
  take(into: Uint8Array): void {
    const length = Math.min(into.length, this.length);
    const first = Math.min(length, this.ring.length - this.head);
    into.set(this.ring.subarray(this.head, this.head + first));
    into.set(this.ring.subarray(0, length - first), first);
    into.fill(0, length);
    this.head = this.ring.length === 0 ? 0 : (this.head + length) % this.ring.length;
    this.length -= length;
  }

  /** Forgets all, and gives the memory back. */
  clear(): void {
    this.length = 0;
    this.head = 0;
    this.ring = Buffer.alloc(0);
  }

  private grow(whole: number): void {
    let size = Math.max(FIRST, this.ring.length);
    while (size < whole) size *= 2;
    const ring = Buffer.alloc(Math.min(size, this.limit));
    const first = Math.min(this.length, this.ring.length - this.head);
    ring.set(this.ring.subarray(this.head, this.head + first));
    ring.set(this.ring.subarray(0, this.length - first), first);
    this.ring = ring;
    this.head = 0;
  }
}
