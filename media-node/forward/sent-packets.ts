/** State of a number in {@link SentPackets.state}. */
export const NUMBER = { unused: 0, reserved: 1, sent: 2 } as const;

/**
 * What a slot's newest sequence numbers stand for, so that they can be written when they leave and written again
 * when the receiver asks: which packet of which layer, with which timestamp and descriptor. A number that a packet
 * lost inbound left free is *reserved* for it. Entries are found by `number & mask`; the caller knows the window.
 */
export class SentPackets {
  readonly size: number;
  readonly mask: number;
  /** Extended inbound number of the packet. */
  readonly index: Float64Array;
  /** {@link Layer.serial} of its layer. */
  readonly layer: Uint32Array;
  /** Timestamp as sent. */
  readonly timestamp: Uint32Array;
  /** Descriptor as sent. */
  readonly descriptor: Uint32Array;
  readonly state: Uint8Array;
  /** When it was last sent again (ms). */
  readonly resentAt: Float64Array;
  readonly resends: Uint8Array;

  /** @param size how many numbers to remember, a power of two. */
  constructor(size: number) {
    this.size = size;
    this.mask = size - 1;
    this.index = new Float64Array(size);
    this.layer = new Uint32Array(size);
    this.timestamp = new Uint32Array(size);
    this.descriptor = new Uint32Array(size);
    this.state = new Uint8Array(size);
    this.resentAt = new Float64Array(size);
    this.resends = new Uint8Array(size);
  }

  reserve(number: number, layer: number, index: number): void {
    const at = number & this.mask;
    this.index[at] = index;
    this.layer[at] = layer;
    this.state[at] = NUMBER.reserved;
  }

  record(number: number, layer: number, index: number, timestamp: number, descriptor: number): void {
    const at = number & this.mask;
    this.index[at] = index;
    this.layer[at] = layer;
    this.timestamp[at] = timestamp;
    this.descriptor[at] = descriptor;
    this.state[at] = NUMBER.sent;
    this.resentAt[at] = Number.NEGATIVE_INFINITY;
    this.resends[at] = 0;
  }
}
