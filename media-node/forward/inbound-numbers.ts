import { extendSequence } from "../rtp/sequence.ts";

const CYCLE = 0x1_0000;

/** Extended sequence numbers of a layer, which keep rising when another stream takes its place. */
export class InboundNumbers {
  /** The newest, -1 before the first packet of a stream. */
  highest = -1;
  /** What sequence number 0 stands for before a stream's first packet. */
  private base = CYCLE;
  /** Number that would follow the last far-off one. */
  private strayNext = -1;

  extend(sequence: number): number {
    return this.highest < 0 ? this.base + sequence : extendSequence(sequence, this.highest);
  }

  /**
   * Notes a packet that is far off: two in a row are a sender that started over (RFC 3550 appendix A.1).
   * @returns whether it is the second.
   */
  stray(sequence: number): boolean {
    const second = sequence === this.strayNext;
    this.strayNext = (sequence + 1) & 0xffff;
    return second;
  }

  /** Another stream begins. @returns a number above all earlier ones and below all of the new stream's. */
  restart(): number {
    this.base = (Math.floor(this.highest / CYCLE) + 2) * CYCLE;
    this.highest = -1;
    this.strayNext = -1;
    return this.base;
  }
}
