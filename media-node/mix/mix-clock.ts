import { FRAME_TIME } from "../playout/playout.ts";

/** Later than this (ms), frames are left out instead of made up for: what waits would only make all later ones late. */
const TOO_LATE = 100;
/** Frames that begin later than this (ms) are counted as late. */
const LATE = 5;
/** A frame that begins later than this (ms) is a sign of overload, that many in a row are its proof. */
const STRAINED = 30;
const PROOF = 5;
/** One that begins this soon is a sign of ease, of which that many (5 s) in a row are needed. */
const EASY = 15;
const EASE = 250;

/**
 * When frames are due, which never drifts, and how many voices there is time for. All mixes of a thread go by one clock:
 * when they take longer than the time they fill, the softest voices are left out, one after the other.
 */
export class MixClock {
  /** Number of the frame {@link next} gave last. */
  tick = -1;
  /** How many inputs of a room may be decoded. */
  voices: number;
  /** Frames given, those of them that began late, and frames left out. */
  frames = 0;
  late = 0;
  skipped = 0;
  private readonly most: number;
  private readonly start: number;
  private strained = 0;
  private eased = 0;

  constructor(voices: number, now: number) {
    this.most = voices;
    this.voices = voices;
    this.start = now;
  }

  /** When the next frame is due (ms). */
  get due(): number {
    return this.start + (this.tick + 1) * FRAME_TIME;
  }

  /** Nothing was to be mixed until now. */
  resume(now: number): void {
    this.tick = Math.max(this.tick, Math.floor((now - this.start) / FRAME_TIME) - 1);
  }

  /** Goes on to the next frame. @returns whether it is due */
  next(now: number): boolean {
    const late = now - this.due;
    if (late < 0) return false;
    if (late > TOO_LATE) {
      const left = Math.floor(late / FRAME_TIME);
      this.tick += left;
      this.skipped += left;
    }
    this.tick++;
    this.frames++;
    if (late > LATE) this.late++;
    this.adapt(late);
    return true;
  }

  private adapt(late: number): void {
    this.strained = late > STRAINED ? this.strained + 1 : 0;
    this.eased = late < EASY && this.strained === 0 ? this.eased + 1 : 0;
    if (this.strained >= PROOF) {
      this.strained = 0;
      this.eased = 0;
      if (this.voices > 1) this.voices--;
    } else if (this.eased >= EASE) {
      this.eased = 0;
      if (this.voices < this.most) this.voices++;
    }
  }
}
