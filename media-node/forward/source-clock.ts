import { timestampDelta } from "../rtp/sequence.ts";

/** How much a sender report moves the offset: drift is followed within seconds, jitter smoothed. */
const WEIGHT = 1 / 16;
/** Beyond this the publisher's clock was set, not drifting. */
const STEP = 1_000;
/** Share of a packet's delay that moves the mapping where arrival times are all there is. */
const LEAK = 1 / 512;

/**
 * Offset from a publisher's NTP clock to the node's, in milliseconds. One for a publishing session: its audio and
 * video share it, so that whatever error it has moves both alike and lip sync holds.
 */
export class SourceClock {
  private offset = 0;
  private known = false;

  /** A sender report with this NTP time (ms) arrived `now`. */
  update(ntp: number, now: number): void {
    const sample = now - ntp;
    if (!this.known || Math.abs(sample - this.offset) > STEP) this.offset = sample;
    else this.offset += (sample - this.offset) * WEIGHT;
    this.known = true;
  }

  /** A publisher's NTP time (ms) on the node's clock. */
  toNode(ntp: number): number {
    return ntp + this.offset;
  }
}

/**
 * Maps one stream's RTP timestamps to capture times on the node's clock: by its sender reports, before the first by
 * arrival times.
 */
export class StreamClock {
  private readonly clock: SourceClock;
  private readonly perMillisecond: number;
  private reported = false;
  private anchored = false;
  /** NTP time (ms) of the last sender report; before that, the arrival time of the anchor. */
  private reference = 0;
  private timestamp = 0;

  constructor(clock: SourceClock, clockRate: number) {
    this.clock = clock;
    this.perMillisecond = clockRate / 1000;
  }

  /** The node's time when `timestamp` was captured; it lies near `timestamp`s seen lately. */
  captureTime(timestamp: number): number {
    return this.base() + timestampDelta(timestamp, this.timestamp) / this.perMillisecond;
  }

  /** The RTP timestamp of what is captured at a time on the node's clock. */
  timestampAt(time: number): number {
    return (this.timestamp + Math.round((time - this.base()) * this.perMillisecond)) >>> 0;
  }

  /** Whether anything is known yet. */
  get known(): boolean {
    return this.anchored;
  }

  /** A packet came in order. Before the first report the least delayed ones count, with a slow leak after drift. */
  packet(timestamp: number, now: number): void {
    if (this.reported) return;
    const expected = this.anchored ? this.captureTime(timestamp) : now;
    this.anchored = true;
    this.reference = now < expected ? now : expected + (now - expected) * LEAK;
    this.timestamp = timestamp;
  }

  /** A sender report pairs an NTP time (ms) with a timestamp. */
  senderReport(ntp: number, timestamp: number, now: number): void {
    this.clock.update(ntp, now);
    this.reported = true;
    this.anchored = true;
    this.reference = ntp;
    this.timestamp = timestamp;
  }

  /** The stream's timeline broke: what was known of it is void. */
  restart(): void {
    this.reported = false;
    this.anchored = false;
  }

  private base(): number {
    return this.reported ? this.clock.toNode(this.reference) : this.reference;
  }
}
