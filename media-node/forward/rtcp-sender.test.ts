import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { createExtensionMap } from "../rtp/header-extensions.ts";
import { ntpToMilliseconds } from "../rtp/ntp.ts";
import { readRemb } from "../rtp/rtcp-feedback.ts";
import { createRtcpPacket, FEEDBACK, isRtcpCompound, nextRtcp, RTCP, type RtcpPacket } from "../rtp/rtcp-packet.ts";
import { createReportBlock, createSenderInfo, readReportBlock, readSenderInfo } from "../rtp/rtcp-reports.ts";
import { buildRtp } from "../testing/model-packets.ts";
import { createTestLayer, feed } from "../testing/stream-kit.ts";
import { createFlushList } from "./flush-list.ts";
import { createInbound } from "./inbound.ts";
import { createOutbound } from "./outbound.ts";
import { createRtcpSender, type RtcpSender } from "./rtcp-sender.ts";

function setUp(reducedSize = true, slots = 1) {
  const published = createTestLayer();
  const watched = createTestLayer(CODECS.vp8, 33);
  const inbound = createInbound(createExtensionMap({}));
  inbound.addMedia({
    mid: "v",
    formats: [{ kind: "media", payloadType: 96, codec: CODECS.vp8 }],
    layers: [published.layer],
  });
  const flushes = createFlushList();
  const sent: { at: number; bytes: Buffer; packets: RtcpPacket[] }[] = [];
  let sender: RtcpSender | undefined;
  const outbound = createOutbound({
    protector: { rtpOverhead: 0, protectRtp: (_buffer, _offset, head, body) => head + body },
    runs: { slab: Buffer.alloc(70_000), reserve: () => 0, queueRun: () => {} },
    flushes,
    onReportDue: now => sender?.flushDue(now),
  });
  outbound.writer.path = 1;
  sender = createRtcpSender({
    sink: {
      sendRtcp(buffer, length, at) {
        expect(buffer.length).toBeGreaterThanOrEqual(length + 20);
        const bytes = Buffer.from(buffer.subarray(0, length));
        const packets: RtcpPacket[] = [];
        for (let position = 0; position < length; ) {
          const packet = createRtcpPacket();
          position = nextRtcp(bytes, position, length, packet);
          packets.push(packet);
        }
        expect(isRtcpCompound(bytes, 0, length, reducedSize)).toBe(true);
        sent.push({ at, bytes, packets });
      },
    },
    ssrc: 5,
    cname: "node",
    reducedSize,
    inbound,
    outbound,
  });
  for (let i = 0; i < slots; i++) {
    outbound
      .addSlot({
        media: "video",
        ssrc: 1_000 + i,
        rtxSsrc: 0,
        formats: [{ codec: "vp8", payloadType: 96 }],
        extensions: {},
        firstSequence: 1,
        firstRtxSequence: 1,
        firstTimestamp: 0,
      })
      .select(watched.layer, 0);
  }
  const publish = (sequence: number, now: number) => {
    const packet = buildRtp({
      payloadType: 96,
      sequence,
      timestamp: sequence,
      ssrc: 7,
      payload: Buffer.from([0x10, 1, 1]),
    });
    inbound.receive(packet, 0, packet.length, now);
  };
  const types = () => sent.map(({ packets }) => packets.map(({ type }) => type));
  return { published, watched, outbound, flushes, sender, sent, publish, types };
}

describe("RtcpSender", () => {
  it("accompanies a switch's first packet with the slot's report", () => {
    const { watched, flushes, sent } = setUp();
    feed(watched.layer, 1_000, { sequence: 1, timestamp: 500, key: true });
    expect(sent).toEqual([]);
    flushes.flush(1_000);
    expect(sent.length).toBe(1);
    const info = createSenderInfo();
    readSenderInfo(sent[0]!.bytes, sent[0]!.packets[0]!, info);
    expect(info).toMatchObject({ ssrc: 1_000, packets: 1, octets: 9, rtpTimestamp: 0 });
    expect(ntpToMilliseconds(info.ntpSeconds, info.ntpFraction)).toBeCloseTo(1_000, 3);
    feed(watched.layer, 1_033, { sequence: 2, timestamp: 3_470 });
    flushes.flush(1_033);
    expect(sent.length).toBe(1);
  });

  it("pairs its time with the timestamp of what is captured then, by the source's reports", () => {
    const { watched, flushes, sender, sent } = setUp();
    watched.layer.senderReport(50_000, 0, 9_000, 900);
    feed(watched.layer, 1_000, { sequence: 1, timestamp: 9_000 + 4_500, key: true });
    flushes.flush(1_000);
    sender.tick(0, 2_000);
    const info = createSenderInfo();
    const [report] = sent.at(-1)!.packets;
    readSenderInfo(sent.at(-1)!.bytes, report!, info);
    // Captured at 950 on the node's clock, sent as timestamp 0: at 2,000 the slot's timeline stands at 1,050 ms.
    expect(info.rtpTimestamp).toBe(1_050 * 90);
  });

  it("reports every second on what is published, with its real loss", () => {
    const { sender, sent, publish } = setUp();
    for (let i = 1; i <= 100; i++) if (i % 10 !== 5) publish(i, i);
    sender.tick(0, 100);
    sender.tick(0, 900);
    const reports = sent.filter(({ packets }) =>
      packets.some(({ count, type }) => type === RTCP.receiverReport && count > 0),
    );
    expect(reports.length).toBe(1);
    const block = createReportBlock();
    expect(readReportBlock(reports[0]!.bytes, reports[0]!.packets[0]!, 0, block)).toBe(true);
    expect(block).toMatchObject({ ssrc: 7, fractionLost: 25, lost: 10 });
    sender.tick(0, 1_100);
    expect(sent.length).toBeGreaterThan(reports.length);
  });

  it("tells a publisher of video its bandwidth twice a second, and others nothing", () => {
    const { sender, sent, publish } = setUp();
    sender.tick(4_000_000, 0);
    const estimates = () =>
      sent.flatMap(({ bytes, packets }) =>
        packets
          .filter(({ type, count }) => type === RTCP.payload && count === FEEDBACK.application)
          .map(packet => readRemb(bytes, packet)),
      );
    expect(estimates()).toEqual([]);
    publish(1, 10);
    for (let now = 500; now < 2_500; now += 20) sender.tick(4_000_000, now);
    expect(estimates().length).toBe(4);
    expect(estimates()[0]).toBeCloseTo(4_000_000, -2);
  });

  it("never stays silent for 250 ms, and adds nothing while media flows", () => {
    const { sender, sent, watched, flushes } = setUp();
    for (let now = 0; now < 3_000; now += 20) sender.tick(0, now);
    for (let i = 1; i < sent.length; i++) expect(sent[i]!.at - sent[i - 1]!.at).toBeLessThanOrEqual(250);
    sent.length = 0;
    for (let now = 3_000; now < 6_000; now += 20) {
      feed(watched.layer, now, { sequence: now / 20, timestamp: now * 90, key: now === 3_000 });
      flushes.flush(now);
      sender.tick(0, now);
    }
    expect(sent.length).toBeLessThanOrEqual(5);
  });

  it("asks a publisher for packets and key frames", () => {
    const { sender, published, types, publish } = setUp();
    sender.requestKeyFrame(published.layer, 0);
    expect(types()).toEqual([]);
    publish(1, 0);
    sender.requestKeyFrame(published.layer, 1);
    sender.requestPackets(published.layer, Uint16Array.of(4, 5), 2, 1);
    expect(types()).toEqual([[RTCP.payload], [RTCP.transport]]);
  });

  it("keeps the compound rules where reduced size wasn't negotiated", () => {
    const { sender, published, types, publish } = setUp(false);
    publish(1, 0);
    sender.requestKeyFrame(published.layer, 1);
    expect(types()).toEqual([[RTCP.receiverReport, RTCP.sdes, RTCP.payload]]);
  });

  it("spreads many reports over compounds that fit any path", () => {
    const { watched, flushes, sender, sent } = setUp(true, 100);
    feed(watched.layer, 0, { sequence: 1, key: true });
    flushes.flush(0);
    sender.tick(0, 1_000);
    const reports = sent.flatMap(({ packets }) => packets.filter(({ type }) => type === RTCP.senderReport));
    expect(reports.length).toBe(200);
    for (const { bytes } of sent) expect(bytes.length).toBeLessThanOrEqual(1_100);
  });
});
