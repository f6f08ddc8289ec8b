/** Size of a {@link ByteRing}: packets (a power of two) and bytes. */
export interface RingSize {
  readonly packets: number;
  readonly bytes: number;
}

/**
 * The newest packets of a stream by extended number. Their bytes lie one behind the other in one buffer, so a ring of
 * small packets stays small; what the buffer's head has overrun is gone.
 */
export class ByteRing {
  readonly packets: number;
  /** All packets' bytes; one's are at {@link offset}, {@link length}. */
  readonly bytes: Buffer;
  /** Extended number by place, -1 where there is none. */
  readonly index: Float64Array;
  readonly offset: Uint32Array;
  readonly length: Uint16Array;
  private readonly mask: number;
  private readonly position: Float64Array;
  private head = 0;

  constructor(size: RingSize) {
    const { packets } = size;
    this.packets = packets;
    this.mask = packets - 1;
    this.bytes = Buffer.allocUnsafeSlow(size.bytes);
    this.index = new Float64Array(packets).fill(-1);
    this.position = new Float64Array(packets);
    this.offset = new Uint32Array(packets);
    this.length = new Uint16Array(packets);
  }

  /** Place of a packet, or -1 when it never came or is gone. */
  find(index: number): number {
    const place = index & this.mask;
    return this.index[place] === index && this.head - this.position[place]! <= this.bytes.length ? place : -1;
  }

  /** Makes place for a packet of up to `room` bytes, instead of the one `packets` before it. @returns -1 if too long. */
  protected open(index: number, room: number): number {
    const size = this.bytes.length;
    if (room > size >> 2 || room > 0xffff) return -1;
    const at = this.head % size;
    if (at + room > size) this.head += size - at;
    const place = index & this.mask;
    this.index[place] = index;
    this.position[place] = this.head;
    this.offset[place] = this.head % size;
    return place;
  }

  /** Ends what {@link open} began: so many bytes are there. */
  protected close(place: number, length: number): void {
    this.length[place] = length;
    this.head += length;
  }
}
