import type { ReportBlock } from "../rtp/rtcp-reports.ts";
import { timestampDelta } from "../rtp/sequence.ts";

/** What receiver reports tell a publisher about one stream (RFC 3550 §6.4.1, appendix A.3 and A.8). */
export class InboundStats {
  /** Payload bytes received in all. */
  octets = 0;
  received = 0;
  /** Packets dropped because they didn't make sense. */
  discarded = 0;
  private readonly clockRate: number;
  private first = -1;
  private highest = -1;
  private jitter = 0;
  private transit = 0;
  private timed = false;
  private expectedBefore = 0;
  private receivedBefore = 0;
  private lastReport = 0;
  private lastReportAt = 0;

  constructor(clockRate: number) {
    this.clockRate = clockRate;
  }

  /** Counts a packet that came on the stream itself, not as a retransmission. `newest`: it is ahead of all others. */
  packet(index: number, timestamp: number, octets: number, newest: boolean, now: number): void {
    this.received++;
    this.octets += octets;
    if (this.first < 0) this.first = index;
    if (!newest) return;
    this.highest = index;
    const arrival = (now * this.clockRate) / 1000;
    const transit = timestampDelta((Math.floor(arrival) % 0x1_0000_0000) | 0, timestamp);
    if (this.timed) this.jitter += (Math.abs(timestampDelta(transit, this.transit)) - this.jitter) / 16;
    this.transit = transit;
    this.timed = true;
  }

  /** A new stream takes the layer's place: its numbers have nothing to do with the old ones. */
  restart(): void {
    this.first = -1;
    this.highest = -1;
    this.received = 0;
    this.timed = false;
    this.jitter = 0;
    this.expectedBefore = 0;
    this.receivedBefore = 0;
    this.lastReport = 0;
  }

  /** The publisher's sender report came, with this compact NTP time. */
  senderReport(compactNtp: number, now: number): void {
    this.lastReport = compactNtp;
    this.lastReportAt = now;
  }

  /** Fills a report block about the time since the last call. @returns false before the first packet. */
  report(ssrc: number, now: number, out: ReportBlock): boolean {
    if (this.highest < 0) return false;
    const expected = this.highest - this.first + 1;
    const expectedNow = expected - this.expectedBefore;
    const lostNow = expectedNow - (this.received - this.receivedBefore);
    this.expectedBefore = expected;
    this.receivedBefore = this.received;
    out.ssrc = ssrc;
    out.fractionLost = expectedNow <= 0 || lostNow <= 0 ? 0 : Math.min(255, Math.floor((lostNow * 256) / expectedNow));
    out.lost = expected - this.received;
    out.highestSequence = this.highest % 0x1_0000_0000;
    out.jitter = Math.min(0xffff_ffff, Math.floor(this.jitter));
    out.lastSenderReport = this.lastReport;
    out.sinceSenderReport = this.lastReport === 0 ? 0 : Math.round(((now - this.lastReportAt) / 1000) * 65_536);
    return true;
  }
}
