import { type AudioCodecName, RTP_CLOCK } from "../codec/audio-codec.ts";
import { extendSequence, timestampDelta } from "../rtp/sequence.ts";

/** A longer hole in the numbers is another stream. */
const MAX_GAP = 500;
/** A timestamp this far ahead of the time gone (ms) belongs to another timeline. */
const MAX_LEAP = 3_000;
/** What a packet lasts at least (ms), as far as the next stream's place is concerned. */
const PACKET_TIME = 20;

/**
 * One line of numbers and times from a source's packets, whatever their clock: with another codec, after a restart of the
 * stream or a leap of its timestamps, it goes on by the time gone.
 */
export class Timeline {
  /** Extended number and capture time (ms, of the source's clock) of the packet last {@link place | placed}. */
  index = 0;
  media = 0;
  /** Highest number so far; -1 before the first. */
  highest = -1;
  private codec: AudioCodecName = "opus";
  private timestamp = 0;
  private newest = 0;
  private lastArrival = 0;
  /** What is added to this stream's extended numbers. */
  private shift = 0;

  /** Tells {@link index} and {@link media} of a packet. */
  place(codec: AudioCodecName, sequence: number, timestamp: number, now: number): void {
    if (this.highest < 0) {
      this.highest = 65_536 + sequence;
      this.advance(codec, timestamp, this.highest, 0, now);
      return;
    }
    const index = extendSequence(sequence, this.highest - this.shift) + this.shift;
    const behind = index <= this.highest;
    const step = (timestampDelta(timestamp, this.timestamp) / RTP_CLOCK[codec]) * 1000;
    const gone = Math.max(0, now - this.lastArrival);
    const near = Math.abs(index - this.highest) < MAX_GAP;
    const follows = behind ? step <= 0 && step >= -MAX_LEAP : step >= 0 && step <= gone + MAX_LEAP;
    if (codec !== this.codec || !near || !follows) {
      const next = this.highest + 1;
      this.shift = next - sequence;
      this.advance(codec, timestamp, next, this.newest + Math.max(PACKET_TIME, gone), now);
    } else if (behind) {
      this.index = index;
      this.media = this.newest + step;
    } else this.advance(codec, timestamp, index, this.newest + step, now);
  }

  private advance(codec: AudioCodecName, timestamp: number, index: number, media: number, now: number): void {
    this.codec = codec;
    this.timestamp = timestamp;
    this.highest = index;
    this.index = index;
    this.newest = media;
    this.media = media;
    this.lastArrival = now;
  }
}
