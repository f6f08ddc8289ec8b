import { describe, expect, it } from "vitest";
import { RtcpPacketConverter } from "werift";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { byeSsrc, feedbackMedia, firNumber, firSsrc, readNack, readRemb } from "./rtcp-feedback.ts";
import {
  createRtcpPacket,
  FEEDBACK,
  isRtcpCompound,
  nextRtcp,
  RTCP,
  type RtcpPacket,
  rtcpSender,
} from "./rtcp-packet.ts";
import { createReportBlock, createSenderInfo, readReportBlock, readSenderInfo } from "./rtcp-reports.ts";
import { createSdesChunk, nextSdesChunk } from "./rtcp-sdes.ts";
import { createRtcpWriter, type RtcpWriter } from "./rtcp-writer.ts";

const block = { ...createReportBlock(), ssrc: 77, fractionLost: 64, lost: -3, highestSequence: 0x1_0005, jitter: 9 };

function write(fill: (writer: RtcpWriter) => void, reducedSize = false, room = 1_200): Buffer {
  const writer = createRtcpWriter({ ssrc: 5, cname: "node", reducedSize });
  const buffer = Buffer.alloc(room + 10);
  writer.begin(buffer, 10, buffer.length);
  fill(writer);
  return Buffer.from(buffer.subarray(10, 10 + writer.finish()));
}

function parse(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  for (let position = 0; position < bytes.length; ) {
    const packet = createRtcpPacket();
    position = nextRtcp(bytes, position, bytes.length, packet);
    expect(position).toBeGreaterThan(0);
    packets.push(packet);
  }
  return packets;
}

const everything = write(writer => {
  writer.senderReport(1, 2, 3, 4, 5, 6);
  writer.reportBlock(block);
  writer.nack(8, Uint16Array.of(10, 11, 26, 27, 65_535), 5);
  writer.pli(9);
  writer.fir(10, 3);
  writer.remb(2_500_000, [11, 12]);
  writer.bye(13);
});

describe("an RTCP compound", () => {
  it("holds what was put into it, packet by packet", () => {
    const packets = parse(everything);
    expect(packets.map(({ type, count }) => [type, count])).toEqual([
      [RTCP.senderReport, 1],
      [RTCP.sdes, 1],
      [RTCP.transport, FEEDBACK.nack],
      [RTCP.payload, FEEDBACK.pli],
      [RTCP.payload, FEEDBACK.fir],
      [RTCP.payload, FEEDBACK.application],
      [RTCP.bye, 1],
    ]);
    const [report, sdes, nack, pli, fir, remb, bye] = packets;
    const info = createSenderInfo();
    expect(readSenderInfo(everything, report!, info)).toBe(true);
    expect(info).toEqual({ ssrc: 1, ntpSeconds: 2, ntpFraction: 3, rtpTimestamp: 4, packets: 5, octets: 6 });
    const read = createReportBlock();
    expect(readReportBlock(everything, report!, 0, read)).toBe(true);
    expect(read).toEqual(block);
    expect(readReportBlock(everything, report!, 1, read)).toBe(false);
    const chunk = createSdesChunk();
    expect(nextSdesChunk(everything, sdes!, sdes!.body, chunk)).toBe(sdes!.end);
    expect(chunk.ssrc).toBe(1);
    expect(everything.toString("utf8", chunk.cnameOffset, chunk.cnameOffset + chunk.cnameLength)).toBe("node");
    const lost = new Uint16Array(16);
    expect([...lost.subarray(0, readNack(everything, nack!, lost))]).toEqual([10, 11, 26, 27, 65_535]);
    expect(feedbackMedia(everything, nack!)).toBe(8);
    expect(rtcpSender(everything, nack!)).toBe(5);
    expect(feedbackMedia(everything, pli!)).toBe(9);
    expect([firSsrc(everything, fir!, 0), firNumber(everything, fir!, 0), firSsrc(everything, fir!, 1)]).toEqual([
      10, 3, -1,
    ]);
    expect(readRemb(everything, remb!)).toBeCloseTo(2_500_000, -3);
    expect([byeSsrc(everything, bye!, 0), byeSsrc(everything, bye!, 1)]).toEqual([13, -1]);
  });

  it("reads a NACK by its own bytes, not by its neighbour's", () => {
    const bytes = write(writer => {
      writer.nack(8, Uint16Array.of(10), 1);
      writer.pli(9);
    }, true);
    const out = new Uint16Array(100);
    expect(readNack(bytes, parse(bytes)[0]!, out)).toBe(1);
  });

  it("is understood by werift", () => {
    const names = RtcpPacketConverter.deSerialize(everything).map(packet => packet.constructor.name.replace("_", ""));
    expect(names.slice(0, 4)).toEqual([
      "RtcpSrPacket",
      "RtcpSourceDescriptionPacket",
      "RtcpTransportLayerFeedback",
      "RtcpPayloadSpecificFeedback",
    ]);
  });

  it("begins with a report and a name unless reduced size was negotiated", () => {
    const full = write(writer => writer.pli(9));
    expect(parse(full).map(({ type }) => type)).toEqual([RTCP.receiverReport, RTCP.sdes, RTCP.payload]);
    expect(isRtcpCompound(full, 0, full.length, false)).toBe(true);
    const reduced = write(writer => writer.pli(9), true);
    expect(parse(reduced).map(({ type }) => type)).toEqual([RTCP.payload]);
    expect(isRtcpCompound(reduced, 0, reduced.length, true)).toBe(true);
    expect(isRtcpCompound(reduced, 0, reduced.length, false)).toBe(false);
  });

  it("opens a further report behind 31 blocks", () => {
    const bytes = write(writer => {
      for (let i = 0; i < 40; i++) expect(writer.reportBlock(block)).toBe(true);
    });
    expect(parse(bytes).map(({ type, count }) => [type, count])).toEqual([
      [RTCP.receiverReport, 31],
      [RTCP.receiverReport, 9],
      [RTCP.sdes, 1],
    ]);
  });

  it("is empty when nothing was added, and never longer than its room", () => {
    expect(write(() => {}).length).toBe(0);
    const numbers = Uint16Array.from({ length: 400 }, (_, i) => i * 20);
    for (let room = 0; room < 120; room++) {
      const bytes = write(
        writer => {
          writer.senderReport(1, 2, 3, 4, 5, 6);
          writer.reportBlock(block);
          writer.nack(8, numbers, 400);
          writer.pli(9);
          writer.fir(9, 1);
          writer.remb(1e6, [1, 2, 3]);
          writer.bye(1);
        },
        false,
        room,
      );
      expect(bytes.length).toBeLessThanOrEqual(room);
      if (bytes.length > 0) expect(isRtcpCompound(bytes, 0, bytes.length, false)).toBe(true);
    }
  });

  it("writes any bandwidth to within the mantissa's precision", () => {
    for (const rate of [0, 1, 262_143, 262_144, 4_000_000, 123_456_789, 3e12]) {
      const bytes = write(writer => writer.remb(rate, [1]), true);
      const read = readRemb(bytes, parse(bytes)[0]!);
      expect(read).toBeLessThanOrEqual(rate);
      expect(read).toBeGreaterThanOrEqual(rate * 0.999_99 - 1);
    }
  });

  it("refuses a name that SDES can't hold", () => {
    expect(() => createRtcpWriter({ ssrc: 1, cname: "", reducedSize: true })).toThrow(RangeError);
    expect(() => createRtcpWriter({ ssrc: 1, cname: "x".repeat(256), reducedSize: true })).toThrow(RangeError);
  });

  it("takes padding off the last packet only", () => {
    const padded = Buffer.from([0xa0, 201, 0, 2, 0, 0, 0, 5, 0, 0, 0, 4]);
    const packet = createRtcpPacket();
    expect(nextRtcp(padded, 0, padded.length, packet)).toBe(12);
    expect(packet.end).toBe(8);
    const followed = Buffer.concat([padded, everything]);
    expect(nextRtcp(followed, 0, followed.length, packet)).toBe(-1);
    for (const padding of [0, 3, 12]) {
      const lying = Buffer.from(padded);
      lying[11] = padding;
      expect(nextRtcp(lying, 0, lying.length, packet)).toBe(-1);
    }
  });

  it("refuses versions, lengths and rests that don't fit", () => {
    const check = (bytes: Buffer) => isRtcpCompound(bytes, 0, bytes.length, true);
    expect(check(everything)).toBe(true);
    expect(check(everything.subarray(0, everything.length - 1))).toBe(false);
    expect(check(Buffer.concat([everything, Buffer.from([0x80, 200])]))).toBe(false);
    expect(check(Buffer.from([0x40, 200, 0, 0]))).toBe(false);
    expect(check(Buffer.from([0x80, 200, 0, 1]))).toBe(false);
  });

  it("gives no report, chunk or number beyond a packet's end, for any bytes", { timeout: FUZZ_TIMEOUT }, () => {
    const packet = createRtcpPacket();
    const info = createSenderInfo();
    const read = createReportBlock();
    const chunk = createSdesChunk();
    const numbers = new Uint16Array(64);
    fuzz([everything], bytes => {
      let packets = 0;
      for (let position = 0; position < bytes.length; packets++) {
        position = nextRtcp(bytes, position, bytes.length, packet);
        if (position < 0) break;
        const length = packet.end - packet.body;
        must(length >= 0 && packet.end <= position, "bounds");
        readSenderInfo(bytes, packet, info);
        let blocks = 0;
        while (readReportBlock(bytes, packet, blocks, read)) blocks++;
        must(blocks * 24 <= length, "blocks");
        must(readNack(bytes, packet, numbers) <= numbers.length, "numbers");
        let requests = 0;
        while (firSsrc(bytes, packet, requests) >= 0) requests++;
        must(requests * 8 <= length, "requests");
        readRemb(bytes, packet);
        for (let i = 0; byeSsrc(bytes, packet, i) >= 0; ) i++;
        for (let at = packet.body; at >= 0; ) {
          const next = nextSdesChunk(bytes, packet, at, chunk);
          must(next < 0 || next > at, "chunks go on");
          must(next < 0 || chunk.cnameLength === 0 || chunk.cnameOffset + chunk.cnameLength <= packet.end, "name");
          at = next;
        }
      }
      must(packets * 4 <= bytes.length, "packets");
    });
  });
});
