/**
 * A queue of records between two threads: one writes, one reads, nobody waits. What finds no room is dropped and counted.
 * @module
 */

/** Words of the control part: where the writer and the reader are, in bytes since the beginning, modulo 2^32. */
const HEAD = 0;
const TAIL = 1;
const CONTROL_BYTES = 8;
/** Records lie at multiples of this, behind their length. */
const ALIGNMENT = 8;
/** In place of a length: the rest of the ring is empty, go on at its beginning. */
const WRAP = 0xffffffff;

/** Memory for a queue. @param size bytes, a power of two: records of up to a quarter of it */
export const createQueueMemory = (size: number): SharedArrayBuffer => new SharedArrayBuffer(CONTROL_BYTES + size);

/** One end of a queue. Both ends are made from the same memory. */
export class SharedQueue {
  /** The records; to be read and written between {@link open} or {@link next} and {@link commit} or {@link release}. */
  readonly bytes: Buffer;
  readonly view: DataView;
  /** Records that found no room, as the writer counts. */
  dropped = 0;
  private readonly control: Int32Array;
  private readonly size: number;
  private pending = 0;

  constructor(memory: SharedArrayBuffer) {
    this.control = new Int32Array(memory, 0, 2);
    this.size = memory.byteLength - CONTROL_BYTES;
    this.bytes = Buffer.from(memory, CONTROL_BYTES, this.size);
    this.view = new DataView(memory, CONTROL_BYTES, this.size);
  }

  /** Writer: makes room for a record. @returns its offset, or -1 when there is none */
  open(length: number): number {
    const { size, control } = this;
    const whole = roundUp(length + ALIGNMENT);
    let head = control[HEAD]! >>> 0;
    let at = head & (size - 1);
    const skipped = at + whole > size ? size - at : 0;
    const used = (head - Atomics.load(control, TAIL)) >>> 0;
    if (whole > size >> 2 || used + skipped + whole > size) {
      this.dropped++;
      return -1;
    }
    if (skipped > 0) {
      this.view.setUint32(at, WRAP);
      head = (head + skipped) >>> 0;
      at = 0;
    }
    this.view.setUint32(at, length);
    this.pending = (head + whole) | 0;
    return at + ALIGNMENT;
  }

  /** Writer: the record is written. */
  commit(): void {
    Atomics.store(this.control, HEAD, this.pending);
  }

  /** Reader: the offset of the oldest record, or -1 when there is none. Its length: {@link lengthAt}. */
  next(): number {
    const { size, control, view } = this;
    const head = Atomics.load(control, HEAD);
    let tail = control[TAIL]! >>> 0;
    if (tail === head >>> 0) return -1;
    let at = tail & (size - 1);
    if (view.getUint32(at) === WRAP) {
      tail = (tail + size - at) >>> 0;
      at = 0;
    }
    this.pending = (tail + roundUp(view.getUint32(at) + ALIGNMENT)) | 0;
    return at + ALIGNMENT;
  }

  /** Reader: length of the record at the offset that {@link next} gave. */
  lengthAt(offset: number): number {
    return this.view.getUint32(offset - ALIGNMENT);
  }

  /** Reader: is done with the record that {@link next} gave. */
  release(): void {
    Atomics.store(this.control, TAIL, this.pending);
  }
}

const roundUp = (length: number): number => (length + ALIGNMENT - 1) & -ALIGNMENT;
