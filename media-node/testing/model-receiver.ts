import { compactNtp } from "../rtp/ntp.ts";
import { createRtcpPacket, nextRtcp, RTCP } from "../rtp/rtcp-packet.ts";
import { createReportBlock, createSenderInfo, readSenderInfo } from "../rtp/rtcp-reports.ts";
import { createRtcpWriter } from "../rtp/rtcp-writer.ts";
import { createRtpHeader, readRtp } from "../rtp/rtp-header.ts";
import { extendSequence } from "../rtp/sequence.ts";
import type { Netsim } from "./netsim.ts";

/** One stream as a model receiver sees it. */
export interface ReceivedStream {
  /** Extended numbers that arrived, by media or RTX. */
  readonly numbers: Set<number>;
  highest: number;
  lowest: number;
  /** RTX packets that brought something new. */
  recovered: number;
  lastReport: number;
  lastReportAt: number;
}

/** A receiving peer that isn't there: notes what arrives, asks for what is missing, reports. */
export interface ModelReceiver {
  readonly streams: ReadonlyMap<number, ReceivedStream>;
  receiveRtp(packet: Buffer): void;
  receiveRtcp(packet: Buffer): void;
  stop(): void;
}

/** How a {@link ModelReceiver} behaves. */
export interface ModelReceiverOptions {
  /** Media SSRC behind an RTX SSRC. */
  readonly rtx: ReadonlyMap<number, number>;
  readonly asksAgain: boolean;
  sendRtcp(packet: Buffer): void;
}

const TRIES = 5;

export function createModelReceiver(sim: Netsim, options: ModelReceiverOptions): ModelReceiver {
  const streams = new Map<number, ReceivedStream>();
  const asked = new Map<number, Map<number, number>>();
  const writer = createRtcpWriter({ ssrc: 2, cname: "model", reducedSize: true });
  const buffer = Buffer.alloc(1_500);
  const header = createRtpHeader();
  const packet = createRtcpPacket();
  const sender = createSenderInfo();

  function note(ssrc: number, sequence: number, recovered: boolean): void {
    let stream = streams.get(ssrc);
    if (stream === undefined) {
      const first = sequence + 0x1_0000;
      stream = { numbers: new Set(), highest: first, lowest: first, recovered: 0, lastReport: 0, lastReportAt: 0 };
      streams.set(ssrc, stream);
      asked.set(ssrc, new Map());
    }
    const number = extendSequence(sequence, stream.highest);
    if (recovered && !stream.numbers.has(number)) stream.recovered++;
    stream.numbers.add(number);
    stream.highest = Math.max(stream.highest, number);
    stream.lowest = Math.min(stream.lowest, number);
  }

  function askAgain(): void {
    for (const [ssrc, stream] of streams) {
      const tries = asked.get(ssrc)!;
      const wanted: number[] = [];
      for (let number = Math.max(stream.lowest, stream.highest - 300); number < stream.highest; number++) {
        const tried = tries.get(number) ?? 0;
        if (stream.numbers.has(number) || tried >= TRIES) continue;
        tries.set(number, tried + 1);
        wanted.push(number & 0xffff);
      }
      if (wanted.length === 0) continue;
      writer.begin(buffer, 0, buffer.length);
      writer.nack(ssrc, Uint16Array.from(wanted), wanted.length);
      options.sendRtcp(Buffer.from(buffer.subarray(0, writer.finish())));
    }
  }

  function report(): void {
    writer.begin(buffer, 0, buffer.length);
    for (const [ssrc, stream] of streams) {
      if (stream.lastReport === 0) continue;
      const block = createReportBlock();
      block.ssrc = ssrc;
      block.highestSequence = stream.highest;
      block.lastSenderReport = stream.lastReport;
      block.sinceSenderReport = Math.round(((sim.now - stream.lastReportAt) / 1000) * 65_536);
      writer.reportBlock(block);
    }
    const length = writer.finish();
    if (length > 0) options.sendRtcp(Buffer.from(buffer.subarray(0, length)));
  }

  const ends = [sim.every(1_000, report)];
  if (options.asksAgain) ends.push(sim.every(60, askAgain));

  return {
    streams,
    receiveRtp(bytes) {
      if (!readRtp(bytes, 0, bytes.length, header)) throw new Error("the node sent malformed RTP");
      const media = options.rtx.get(header.ssrc);
      if (media === undefined) note(header.ssrc, header.sequence, false);
      else note(media, bytes.readUInt16BE(header.payloadOffset), true);
    },
    receiveRtcp(bytes) {
      let position = 0;
      while (position < bytes.length) {
        position = nextRtcp(bytes, position, bytes.length, packet);
        if (position < 0) throw new Error("the node sent malformed RTCP");
        if (packet.type !== RTCP.senderReport || !readSenderInfo(bytes, packet, sender)) continue;
        const stream = streams.get(sender.ssrc);
        if (stream === undefined) continue;
        stream.lastReport = compactNtp(sender.ntpSeconds, sender.ntpFraction);
        stream.lastReportAt = sim.now;
      }
    },
    stop() {
      for (const end of ends) end();
    },
  };
}
