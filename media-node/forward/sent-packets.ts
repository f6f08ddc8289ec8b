/** State of a number in {@link SentPackets}. */
export const NUMBER = { unused: 0, reserved: 1, sent: 2 } as const;

const MAX_RESENDS = 10;

/** Bytes of a record: all of one packet's lies in one cache line, for a receiver's turn comes with cold caches. */
const RECORD = 32;
/** Places in a record, as 64-bit floats and as 32-bit words. */
const F64 = { index: 0, resentAt: 1 } as const;
const U32 = { layer: 4, timestamp: 5, descriptor: 6, state: 7 } as const;
/** In the word of the state, above it: how often the packet was sent again. */
const RESEND = 0x100;

/**
 * What a slot's newest sequence numbers stand for, so that they can be written when they leave and written again
 * when the receiver asks: which packet of which layer, with which timestamp and descriptor. A number that a packet
 * lost inbound left free is *reserved* for it. The caller knows which numbers are within the window of the newest
 * {@link size}.
 */
export class SentPackets {
  readonly size: number;
  private readonly mask: number;
  /** Two views of the records; empty before the first number. */
  private floats = new Float64Array(0);
  private words = new Uint32Array(0);

  /** @param size how many numbers to remember, a power of two. */
  constructor(size: number) {
    this.size = size;
    this.mask = size - 1;
  }

  /** Keeps a number free for the packet with an extended inbound number. */
  reserve(number: number, layer: number, index: number): void {
    if (this.floats.length === 0) this.allocate();
    const record = number & this.mask;
    this.floats[record * 4 + F64.index] = index;
    this.words[record * 8 + U32.layer] = layer;
    this.words[record * 8 + U32.state] = NUMBER.reserved;
  }

  record(number: number, layer: number, index: number, timestamp: number, descriptor: number): void {
    if (this.floats.length === 0) this.allocate();
    const record = number & this.mask;
    const { floats, words } = this;
    floats[record * 4 + F64.index] = index;
    floats[record * 4 + F64.resentAt] = Number.NEGATIVE_INFINITY;
    words[record * 8 + U32.layer] = layer;
    words[record * 8 + U32.timestamp] = timestamp;
    words[record * 8 + U32.descriptor] = descriptor;
    words[record * 8 + U32.state] = NUMBER.sent;
  }

  /** Extended inbound number of the packet. */
  index(number: number): number {
    return this.floats[(number & this.mask) * 4 + F64.index]!;
  }

  /** {@link Layer.serial} of the packet's layer. */
  layer(number: number): number {
    return this.words[(number & this.mask) * 8 + U32.layer]!;
  }

  /** Timestamp as sent. */
  timestamp(number: number): number {
    return this.words[(number & this.mask) * 8 + U32.timestamp]!;
  }

  /** Descriptor as sent. */
  descriptor(number: number): number {
    return this.words[(number & this.mask) * 8 + U32.descriptor]!;
  }

  isReserved(number: number): boolean {
    return this.words[(number & this.mask) * 8 + U32.state] === NUMBER.reserved;
  }

  /**
   * Notes that a packet is sent again.
   * @returns whether it may be: it was sent, not too often, and not within the last `interval` ms.
   */
  resend(number: number, now: number, interval: number): boolean {
    const record = number & this.mask;
    const state = this.words[record * 8 + U32.state] ?? NUMBER.unused;
    if (state % RESEND !== NUMBER.sent || state >= MAX_RESENDS * RESEND) return false;
    if (now - this.floats[record * 4 + F64.resentAt]! < interval) return false;
    this.floats[record * 4 + F64.resentAt] = now;
    this.words[record * 8 + U32.state] = state + RESEND;
    return true;
  }

  private allocate(): void {
    const records = new ArrayBuffer(this.size * RECORD);
    this.floats = new Float64Array(records);
    this.words = new Uint32Array(records);
  }
}
