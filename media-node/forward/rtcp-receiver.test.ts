import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { createExtensionMap } from "../rtp/header-extensions.ts";
import { ntpFraction, ntpSeconds, toCompactNtp } from "../rtp/ntp.ts";
import { createReportBlock } from "../rtp/rtcp-reports.ts";
import { createRtcpWriter, type RtcpWriter } from "../rtp/rtcp-writer.ts";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { createTestLayer, feed } from "../testing/stream-kit.ts";
import { createFlushList } from "./flush-list.ts";
import { createInbound } from "./inbound.ts";
import { createOutbound } from "./outbound.ts";
import { createRoundTrip } from "./round-trip.ts";
import { createRtcpReceiver } from "./rtcp-receiver.ts";

const SLOT = 1_000;

function setUp(reducedSize = true) {
  const published = createTestLayer();
  const watched = createTestLayer(CODECS.vp8, 33);
  const inbound = createInbound(createExtensionMap({}));
  inbound.addMedia({
    mid: "v",
    formats: [{ kind: "media", payloadType: 96, codec: CODECS.vp8 }],
    layers: [published.layer],
  });
  inbound.bind(7, "v", "");
  published.layer.useSsrc(7, 0);
  const outbound = createOutbound({
    protector: { rtpOverhead: 0, protectRtp: (_buffer, _offset, head, body) => head + body },
    runs: { slab: Buffer.alloc(70_000), reserve: () => 0, queueRun: () => {} },
    flushes: createFlushList(),
    onReportDue: () => {},
  });
  outbound.writer.path = 1;
  const slot = outbound.addSlot({
    media: "video",
    ssrc: SLOT,
    rtxSsrc: SLOT + 1,
    formats: [{ codec: "vp8", payloadType: 96, rtxPayloadType: 97 }],
    extensions: {},
    firstSequence: 65_533 & 0x7fff,
    firstRtxSequence: 0,
    firstTimestamp: 0,
  });
  slot.select(watched.layer, 0);
  for (let i = 1; i <= 10; i++) feed(watched.layer, i, { sequence: i, timestamp: i, key: i === 1 });
  outbound.flush(10);
  const roundTrip = createRoundTrip();
  const path: [string, number][] = [];
  const gone: unknown[] = [];
  const receiver = createRtcpReceiver({
    inbound,
    outbound,
    roundTrip,
    reducedSize,
    path: {
      remb: bits => path.push(["remb", bits]),
      loss: share => path.push(["loss", share]),
    },
    onBye: layer => gone.push(layer),
  });
  const take = (now: number, fill: (writer: RtcpWriter) => void) => {
    const writer = createRtcpWriter({ ssrc: 5, cname: "peer", reducedSize });
    const buffer = Buffer.alloc(1_500);
    writer.begin(buffer, 0, buffer.length);
    fill(writer);
    const length = writer.finish();
    return receiver.receive(buffer, 0, length, now);
  };
  return { published, watched, outbound, slot, roundTrip, path, gone, receiver, take };
}

describe("RtcpReceiver", () => {
  it("sends again what a NACK names, once", () => {
    const { slot, outbound, take } = setUp();
    const first = slot.numbers.newest - 9;
    take(100, writer => writer.nack(SLOT, Uint16Array.of(first + 2, first + 4), 2));
    take(101, writer => writer.nack(SLOT, Uint16Array.of(first + 2), 1));
    outbound.flush(101);
    expect(outbound.writer.resent).toBe(2);
  });

  it("passes on PLI and FIR to the slot's source, however often", () => {
    const { watched, take } = setUp();
    const before = watched.asked.keyFrames.length;
    for (let now = 1_000; now < 1_100; now += 10) take(now, writer => writer.pli(SLOT));
    take(1_300, writer => writer.fir(SLOT, 1));
    take(1_600, writer => writer.pli(SLOT + 77));
    expect(watched.asked.keyFrames.slice(before)).toEqual([1_000, 1_300]);
  });

  it("gives sender reports to the layer they are about", () => {
    const { published, take } = setUp();
    take(5_000, writer => writer.senderReport(7, ntpSeconds(900), ntpFraction(900), 45_000, 1, 1));
    expect(published.layer.clock.captureTime(45_000 + 90)).toBeCloseTo(5_001, 3);
  });

  it("measures the round trip and the loss from report blocks of its slots", () => {
    const { roundTrip, path, take } = setUp();
    const block = { ...createReportBlock(), ssrc: SLOT, fractionLost: 64, lastSenderReport: toCompactNtp(4_000) };
    block.sinceSenderReport = 32_768;
    take(4_580, writer => writer.reportBlock(block));
    expect(roundTrip.milliseconds).toBeCloseTo(80, 0);
    take(4_600, writer => writer.reportBlock({ ...block, ssrc: 4, lastSenderReport: toCompactNtp(1_000) }));
    take(4_600, writer => writer.reportBlock({ ...block, lastSenderReport: toCompactNtp(900_000) }));
    take(4_600, writer => writer.reportBlock({ ...block, lastSenderReport: 0 }));
    expect(roundTrip.milliseconds).toBeCloseTo(80, 0);
    expect(path).toEqual([
      ["loss", 0.25],
      ["loss", 0.25],
      ["loss", 0.25],
    ]);
  });

  it("passes on the receiver's estimate and the end of streams", () => {
    const { path, gone, published, take } = setUp();
    take(0, writer => writer.remb(1_000_000, [SLOT]));
    take(0, writer => writer.bye(7));
    take(0, writer => writer.bye(8));
    expect(path[0]![0]).toBe("remb");
    expect(path[0]![1]).toBeCloseTo(1_000_000, -2);
    expect(gone).toEqual([published.layer]);
  });

  it("uses nothing of a compound that breaks the rules", () => {
    const { receiver, watched, take } = setUp(false);
    const before = watched.asked.keyFrames.length;
    const alone = Buffer.from([0x81, 206, 0, 2, 0, 0, 0, 5, 0, 0, 3, 0xe8]);
    expect(receiver.receive(alone, 0, alone.length, 1_000)).toBe(false);
    const report = Buffer.from([0x80, 201, 0, 1, 0, 0, 0, 5]);
    const cut = Buffer.concat([report, alone.subarray(0, 10)]);
    expect(receiver.receive(cut, 0, cut.length, 1_000)).toBe(false);
    expect([receiver.malformed, watched.asked.keyFrames.length]).toEqual([2, before]);
    expect(take(1_000, writer => writer.pli(SLOT))).toBe(true);
    expect(watched.asked.keyFrames.length).toBe(before + 1);
  });

  it("survives any bytes and sends no more again than it was asked for", { timeout: FUZZ_TIMEOUT }, () => {
    const { receiver, outbound } = setUp();
    const samples: Buffer[] = [];
    const writer = createRtcpWriter({ ssrc: 5, cname: "peer", reducedSize: true });
    const buffer = Buffer.alloc(1_500);
    for (const fill of [
      () => writer.nack(SLOT, Uint16Array.of(32_765, 32_767), 2),
      () => writer.pli(SLOT),
      () => writer.senderReport(7, 1, 2, 3, 4, 5),
      () => writer.reportBlock({ ...createReportBlock(), ssrc: SLOT }),
      () => writer.remb(5e6, [SLOT]),
    ]) {
      writer.begin(buffer, 0, buffer.length);
      fill();
      samples.push(Buffer.from(buffer.subarray(0, writer.finish())));
    }
    let now = 1_000;
    fuzz(samples, bytes => {
      receiver.receive(bytes, 0, bytes.length, now++);
      outbound.flush(now);
    });
    must(outbound.writer.resent <= 10 * 10, "at most ten times each");
  });
});
