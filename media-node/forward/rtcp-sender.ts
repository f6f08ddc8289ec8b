import { ntpFraction, ntpSeconds } from "../rtp/ntp.ts";
import { createReportBlock } from "../rtp/rtcp-reports.ts";
import { createRtcpWriter, type RtcpWriter } from "../rtp/rtcp-writer.ts";
import type { LayerFeedback } from "./feedback.ts";
import type { Inbound } from "./inbound.ts";
import type { Layer } from "./layer.ts";
import type { Outbound } from "./outbound.ts";
import type { Slot } from "./slot.ts";

/** Takes finished compounds: protects them in place and sends them on the session's path. */
export interface RtcpSink {
  /** Takes the compound in the first `length` bytes of `buffer`, which is longer by 32 bytes and reused after the call. */
  sendRtcp(buffer: Buffer, length: number, now: number): void;
}

/** What an {@link RtcpSender} speaks for. */
export interface RtcpSenderOptions {
  readonly sink: RtcpSink;
  /** SSRC of the session itself: the sender of feedback and of reports where no slot sends. */
  readonly ssrc: number;
  /** As in the answer's `a=ssrc:… cname:`. */
  readonly cname: string;
  readonly reducedSize: boolean;
  readonly inbound: Inbound;
  readonly outbound: Outbound;
}

/** So often (ms) a publisher is told its bandwidth, and with every second one come the reports. */
const ROUND = 500;
const ROUNDS_PER_REPORT = 2;
/** A client takes the node for dead when it hears nothing for 750 ms. */
const MAX_SILENCE = 230;
/** So that a compound fits any path. */
const MAX_LENGTH = 1_100;
/** Free behind a compound: protecting it adds no more. */
const MAX_OVERHEAD = 32;
const block = createReportBlock();
/** Compounds of all sessions are written here, and are gone before the next: the place stays in the cache. */
const compound = Buffer.alloc(MAX_LENGTH + MAX_OVERHEAD);

/**
 * What a session says in RTCP: every second a sender report per feeding slot and a report block per published stream,
 * with a switch's first packets its sender report, twice a second the publisher's bandwidth, and its layers' feedback.
 */
export class RtcpSender implements LayerFeedback {
  private readonly options: RtcpSenderOptions;
  private readonly writer: RtcpWriter;
  private nextRound = Number.NEGATIVE_INFINITY;
  private rounds = 0;
  private lastSent = Number.NEGATIVE_INFINITY;

  constructor(options: RtcpSenderOptions) {
    this.options = options;
    this.writer = createRtcpWriter(options);
  }

  /** When {@link tick} has something to do. */
  get deadline(): number {
    return Math.min(this.nextRound, this.silentSince + MAX_SILENCE);
  }

  /** Sends what is due; `bandwidth` is what the peer may publish (bit/s). */
  tick(bandwidth: number, now: number): void {
    if (now >= this.nextRound) {
      this.nextRound = now + ROUND;
      if (this.rounds++ % ROUNDS_PER_REPORT === 0) this.report(now);
      this.remb(bandwidth, now);
    }
    if (now - this.silentSince < MAX_SILENCE) return;
    this.begin();
    this.writer.emptyReport();
    this.send(now);
  }

  /** Sends the sender reports that new timelines wait for ({@link Slot.reportDue}). */
  flushDue(now: number): void {
    this.begin();
    for (const slot of this.options.outbound.slots) if (slot.reportDue) this.addSenderReport(slot, now);
    this.send(now);
  }

  requestKeyFrame(layer: Layer, now: number): void {
    if (layer.ssrc < 0) return;
    this.begin();
    this.writer.pli(layer.ssrc);
    this.send(now);
  }

  requestPackets(layer: Layer, sequences: Uint16Array, count: number, now: number): void {
    if (layer.ssrc < 0) return;
    this.begin();
    this.writer.nack(layer.ssrc, sequences, count);
    this.send(now);
  }

  private get silentSince(): number {
    return Math.max(this.lastSent, this.options.outbound.writer.lastSent);
  }

  private report(now: number): void {
    this.begin();
    for (const slot of this.options.outbound.slots) if (slot.feed !== undefined) this.addSenderReport(slot, now);
    for (const layer of this.options.inbound.layers) {
      if (!layer.stats.report(layer.ssrc, now, block) || this.writer.reportBlock(block)) continue;
      this.send(now);
      this.begin();
      this.writer.reportBlock(block);
    }
    this.writer.emptyReport();
    this.send(now);
  }

  private remb(bandwidth: number, now: number): void {
    const { layers } = this.options.inbound;
    if (layers.length === 0) return;
    const ssrcs: number[] = [];
    for (const layer of layers) {
      if (layer.codec.media === "video" && layer.ssrc >= 0) ssrcs.push(layer.ssrc);
    }
    if (ssrcs.length === 0) return;
    this.begin();
    this.writer.remb(bandwidth, ssrcs);
    this.send(now);
  }

  /** The NTP time is now; the timestamp is the one of what is captured now, on the slot's timeline. */
  private addSenderReport(slot: Slot, now: number): void {
    const { feed } = slot;
    slot.reportDue = false;
    if (feed === undefined || !feed.clock.known) return;
    const timestamp = (feed.clock.timestampAt(now) + slot.numbers.timestampOffset) >>> 0;
    const { writer } = this;
    const { ssrc, packets, octets } = slot;
    const [seconds, fraction] = [ntpSeconds(now), ntpFraction(now)];
    if (writer.senderReport(ssrc, seconds, fraction, timestamp, packets, octets)) return;
    this.send(now);
    this.begin();
    writer.senderReport(ssrc, seconds, fraction, timestamp, packets, octets);
  }

  private begin(): void {
    this.writer.begin(compound, 0, MAX_LENGTH);
  }

  private send(now: number): void {
    const length = this.writer.finish();
    if (length === 0) return;
    this.lastSent = now;
    this.options.sink.sendRtcp(compound, length, now);
  }
}

export function createRtcpSender(options: RtcpSenderOptions): RtcpSender {
  return new RtcpSender(options);
}
