import { writeUint16, writeUint24, writeUint32 } from "./bytes.ts";
import { FEEDBACK, RTCP } from "./rtcp-packet.ts";
import type { ReportBlock } from "./rtcp-reports.ts";

const MAX_BLOCKS = 31;
const REMB_MAX_SSRCS = 255;

/** Settings of an {@link RtcpWriter}. */
export interface RtcpWriterOptions {
  /** SSRC that speaks where no sender report does: the session's own. */
  readonly ssrc: number;
  /** Canonical name, at most 255 bytes of UTF-8. */
  readonly cname: string;
  /** Whether feedback may go without a report (RFC 5506, `a=rtcp-rsize`). */
  readonly reducedSize: boolean;
}

/**
 * Writes one compound RTCP packet after the other into a buffer of the caller's, keeping the compound rules:
 * where reduced size wasn't negotiated, an empty receiver report and the CNAME stand before feedback.
 * Every method that adds returns false, and adds nothing, when the buffer has no room left.
 */
export interface RtcpWriter {
  /** Starts a new compound at `offset`; it may reach up to `end`. */
  begin(buffer: Uint8Array, offset: number, end: number): void;
  /** Adds a sender report without blocks. NTP time as two 32-bit halves. */
  senderReport(
    ssrc: number,
    ntpSeconds: number,
    ntpFraction: number,
    rtpTimestamp: number,
    packets: number,
    octets: number,
  ): boolean;
  /** Adds a block to the last report; opens a receiver report where there is none or it is full. */
  reportBlock(block: ReportBlock): boolean;
  /** Adds an empty receiver report where the compound is still empty. */
  emptyReport(): boolean;
  /** Adds a generic NACK of ascending (modulo 65536) sequence numbers. @returns how many found room. */
  nack(mediaSsrc: number, sequences: Uint16Array, count: number): number;
  pli(mediaSsrc: number): boolean;
  fir(mediaSsrc: number, commandNumber: number): boolean;
  remb(bitsPerSecond: number, ssrcs: readonly number[]): boolean;
  bye(ssrc: number): boolean;
  /**
   * Ends the compound: one that begins with a report and has no CNAME yet gets it.
   * @returns the compound's length, 0 when nothing was added.
   */
  finish(): number;
}

class CompoundWriter implements RtcpWriter {
  private readonly options: RtcpWriterOptions;
  private readonly name: Uint8Array;
  private buffer: Uint8Array = new Uint8Array(0);
  private start = 0;
  private position = 0;
  private end = 0;
  /** Offset of the report that still takes blocks, -1 where the last packet is none. */
  private report = -1;
  /** SSRC of the report that the compound begins with and whose CNAME is still to come, -1 otherwise. */
  private unnamed = -1;
  /** Length of an SDES packet with the CNAME. */
  private readonly sdesLength: number;

  constructor(options: RtcpWriterOptions) {
    this.options = options;
    this.name = new TextEncoder().encode(options.cname);
    if (this.name.length === 0 || this.name.length > 255) throw new RangeError("a CNAME has 1 to 255 bytes");
    this.sdesLength = 4 + ((this.name.length + 10) & ~3);
  }

  begin(buffer: Uint8Array, offset: number, end: number): void {
    this.buffer = buffer;
    this.start = offset;
    this.position = offset;
    // Room for the CNAME is kept back until the end.
    this.end = Math.min(end, buffer.length) - this.sdesLength;
    this.report = -1;
    this.unnamed = -1;
  }

  finish(): number {
    if (this.unnamed >= 0) this.cname(this.unnamed);
    return this.position - this.start;
  }

  senderReport(
    ssrc: number,
    seconds: number,
    fraction: number,
    rtpTimestamp: number,
    packets: number,
    octets: number,
  ): boolean {
    if (this.position + 28 > this.end) return false;
    if (this.position === this.start) this.unnamed = ssrc;
    const at = this.packet(0, RTCP.senderReport, 24);
    this.report = at - 4;
    writeUint32(this.buffer, at, ssrc);
    writeUint32(this.buffer, at + 4, seconds);
    writeUint32(this.buffer, at + 8, fraction);
    writeUint32(this.buffer, at + 12, rtpTimestamp);
    writeUint32(this.buffer, at + 16, packets);
    writeUint32(this.buffer, at + 20, octets);
    return true;
  }

  reportBlock(block: ReportBlock): boolean {
    const { buffer } = this;
    const full = this.report >= 0 && (buffer[this.report]! & 0x1f) === MAX_BLOCKS;
    const opens = this.report < 0 || full;
    if (this.position + (opens ? 32 : 24) > this.end) return false;
    if (opens) this.emptyReceiverReport();
    const at = this.position;
    writeUint32(buffer, at, block.ssrc);
    buffer[at + 4] = block.fractionLost;
    writeUint24(buffer, at + 5, Math.max(-0x80_0000, Math.min(0x7f_ffff, block.lost)));
    writeUint32(buffer, at + 8, block.highestSequence);
    writeUint32(buffer, at + 12, block.jitter);
    writeUint32(buffer, at + 16, block.lastSenderReport);
    writeUint32(buffer, at + 20, block.sinceSenderReport);
    this.position += 24;
    buffer[this.report] = buffer[this.report]! + 1;
    writeUint16(buffer, this.report + 2, (this.position - this.report) / 4 - 1);
    return true;
  }

  nack(mediaSsrc: number, sequences: Uint16Array, count: number): number {
    if (count === 0 || !this.prefix(16)) return 0;
    const at = this.packet(FEEDBACK.nack, RTCP.transport, 12);
    this.subject(at, mediaSsrc);
    let field = at + 8;
    let done = 0;
    while (done < count) {
      if (field + 4 > this.end) break;
      const first = sequences[done++]!;
      let mask = 0;
      while (done < count) {
        const bit = ((sequences[done]! - first) & 0xffff) - 1;
        if (bit < 0 || bit > 15) break;
        mask |= 1 << bit;
        done++;
      }
      writeUint16(this.buffer, field, first);
      writeUint16(this.buffer, field + 2, mask);
      field += 4;
    }
    this.position = field;
    writeUint16(this.buffer, at - 2, (field - at) / 4);
    return done;
  }

  pli(mediaSsrc: number): boolean {
    if (!this.prefix(12)) return false;
    this.subject(this.packet(FEEDBACK.pli, RTCP.payload, 8), mediaSsrc);
    return true;
  }

  fir(mediaSsrc: number, commandNumber: number): boolean {
    if (!this.prefix(20)) return false;
    const at = this.packet(FEEDBACK.fir, RTCP.payload, 16);
    this.subject(at, 0);
    writeUint32(this.buffer, at + 8, mediaSsrc);
    writeUint32(this.buffer, at + 12, (commandNumber & 0xff) << 24);
    return true;
  }

  remb(bitsPerSecond: number, ssrcs: readonly number[]): boolean {
    const count = Math.min(ssrcs.length, REMB_MAX_SSRCS);
    if (!this.prefix(20 + count * 4)) return false;
    const at = this.packet(FEEDBACK.application, RTCP.payload, 16 + count * 4);
    this.subject(at, 0);
    let exponent = 0;
    let mantissa = Math.max(0, Math.floor(bitsPerSecond));
    while (mantissa > 0x3ffff) {
      mantissa = Math.floor(mantissa / 2);
      exponent++;
    }
    writeUint32(this.buffer, at + 8, 0x52454d42);
    writeUint32(this.buffer, at + 12, ((count << 24) | (exponent << 18) | mantissa) >>> 0);
    for (let i = 0; i < count; i++) writeUint32(this.buffer, at + 16 + i * 4, ssrcs[i]!);
    return true;
  }

  bye(ssrc: number): boolean {
    if (!this.prefix(8)) return false;
    writeUint32(this.buffer, this.packet(1, RTCP.bye, 4), ssrc);
    return true;
  }

  emptyReport(): boolean {
    if (this.position !== this.start) return true;
    if (this.position + 8 > this.end) return false;
    this.emptyReceiverReport();
    return true;
  }

  /** Puts the report and name that feedback must follow, when `bytes` more still fit behind them. */
  private prefix(bytes: number): boolean {
    const needed = this.position === this.start && !this.options.reducedSize;
    if (this.position + (needed ? 8 : 0) + bytes > this.end) return false;
    if (needed) this.emptyReceiverReport();
    if (this.unnamed >= 0) this.cname(this.unnamed);
    return true;
  }

  private emptyReceiverReport(): void {
    if (this.position === this.start) this.unnamed = this.options.ssrc;
    const at = this.packet(0, RTCP.receiverReport, 4);
    writeUint32(this.buffer, at, this.options.ssrc);
    this.report = at - 4;
  }

  private cname(ssrc: number): void {
    const at = this.packet(1, RTCP.sdes, this.sdesLength - 4);
    this.buffer.fill(0, at, at + this.sdesLength - 4);
    writeUint32(this.buffer, at, ssrc);
    this.buffer[at + 4] = 1;
    this.buffer[at + 5] = this.name.length;
    this.buffer.set(this.name, at + 6);
    this.unnamed = -1;
    this.end += this.sdesLength;
  }

  /** Writes a packet's header. @returns the offset of its body. */
  private packet(count: number, type: number, bodyLength: number): number {
    const at = this.position;
    this.buffer[at] = 0x80 | count;
    this.buffer[at + 1] = type;
    writeUint16(this.buffer, at + 2, bodyLength / 4);
    this.position = at + 4 + bodyLength;
    this.report = -1;
    return at + 4;
  }

  private subject(at: number, mediaSsrc: number): void {
    writeUint32(this.buffer, at, this.options.ssrc);
    writeUint32(this.buffer, at + 4, mediaSsrc);
  }
}

/** @throws RangeError when the CNAME is empty or longer than 255 bytes. */
export function createRtcpWriter(options: RtcpWriterOptions): RtcpWriter {
  return new CompoundWriter(options);
}
