import { LoudnessMeter } from "../room/loudness.ts";

/** A source that may be heard in a room's mixes. */
export class MixInput {
  /** Source number. */
  readonly number: number;
  /** Who never hears it. */
  readonly participant: number;
  readonly loudness = new LoudnessMeter();
  /** Whether it is among those that are decoded. */
  selected = false;
  /** RFC 6464 level of the newest packet, -1 where it has none, and when that came (ms). */
  level = -1;
  arrival = Number.NEGATIVE_INFINITY;

  constructor(number: number, participant: number) {
    this.number = number;
    this.participant = participant;
  }
}
