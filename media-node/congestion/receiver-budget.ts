import { BitrateMeter } from "../forward/bitrate-meter.ts";
import type { PathReports } from "../forward/rtcp-receiver.ts";

/** What a receiver may get when its path never complained (bit/s). */
export const RECEIVE_CEILING = 20_000_000;
/** It is never cut below this: one small picture and voices. */
const FLOOR = 150_000;
/** Below this (bit/s) an estimator has too little to measure: on an idle path Chromium's gave half of what came (2026-11-24). */
const MEASURABLE = 500_000;
/** An estimate below this share of what is being sent means congestion; one above says nothing, see below. */
const TOO_MUCH = 0.85;
const HIGH_LOSS = 0.1;
const LOW_LOSS = 0.02;
/** Growth per half second once calm, after this long (ms) without a cut. */
const GROWTH = 1.05;
const HOLD = 5_000;
/** Estimates older than this (ms) don't count; neither does loss. */
const FRESH = 3_000;

/**
 * How much a session may be sent, until the send-side estimator exists: a ceiling, cut when the receiver's loss is high, or its REMB
 * falls below what is sent and packets are lost, and raised slowly when all is calm. A REMB above the present rate is no limit:
 * browsers never estimate more than one and a half times what they receive. One below it, without any loss, says that packets
 * come unevenly, which a busy machine does as well as a busy path: pictures must not vanish for that.
 */
export class ReceiverBudget implements PathReports {
  /** Bits per second. */
  bitsPerSecond: number;
  private readonly ceiling: number;
  private readonly sent = new BitrateMeter();
  private estimate = Number.POSITIVE_INFINITY;
  private estimatedAt = Number.NEGATIVE_INFINITY;
  private lowEstimates = 0;
  private lossSum = 0;
  private lossCount = 0;
  /** When packets were last found lost. */
  private lostAt = Number.NEGATIVE_INFINITY;
  private lastCut = Number.NEGATIVE_INFINITY;

  constructor(ceiling: number = RECEIVE_CEILING) {
    this.ceiling = ceiling;
    this.bitsPerSecond = ceiling;
  }

  remb(bitsPerSecond: number, now: number): void {
    this.estimate = bitsPerSecond;
    this.estimatedAt = now;
    const { bitsPerSecond: sent } = this.sent;
    const low = sent >= MEASURABLE && bitsPerSecond < sent * TOO_MUCH;
    this.lowEstimates = low ? this.lowEstimates + 1 : 0;
  }

  loss(fraction: number, _now: number): void {
    this.lossSum += fraction;
    this.lossCount++;
  }

  /** Draws conclusions twice a second. `sentBytes`: all that was ever sent. To be called often. */
  tick(sentBytes: number, now: number): void {
    if (!this.sent.update(sentBytes, now)) return;
    const loss = this.lossCount === 0 ? -1 : this.lossSum / this.lossCount;
    this.lossSum = 0;
    this.lossCount = 0;
    if (loss >= LOW_LOSS) this.lostAt = now;
    // One low estimate alone is the start of the browser's own estimator.
    if (this.lowEstimates >= 2 && now - this.estimatedAt < FRESH && now - this.lostAt < FRESH) {
      this.lowEstimates = 0;
      this.cut(this.estimate, now);
    } else if (loss > HIGH_LOSS) this.cut(this.sent.bitsPerSecond * (1 - loss / 2), now);
    else if (loss >= 0 && loss < LOW_LOSS && now - this.lastCut > HOLD) {
      this.bitsPerSecond = Math.min(this.ceiling, this.bitsPerSecond * GROWTH);
    }
  }

  private cut(to: number, now: number): void {
    this.bitsPerSecond = Math.max(FLOOR, Math.min(this.bitsPerSecond, to));
    this.lastCut = now;
  }
}

/** @param ceiling what a path that never complains may get (bit/s). */
export function createReceiverBudget(ceiling?: number): ReceiverBudget {
  return new ReceiverBudget(ceiling);
}
