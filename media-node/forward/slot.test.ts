import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { createTestLayer, createTestSlot, feed } from "../testing/stream-kit.ts";

describe("a video slot", () => {
  it("goes on with the old source until the new one's key frame begins", () => {
    const { slot, drain } = createTestSlot();
    const a = createTestLayer(CODECS.vp8, 17);
    const b = createTestLayer(CODECS.vp8, 33);
    slot.select(a.layer, 0);
    feed(a.layer, 0, { sequence: 1, key: true });
    slot.select(b.layer, 10);
    expect(b.asked.keyFrames).toEqual([10]);
    feed(b.layer, 20, { sequence: 70 });
    feed(a.layer, 30, { sequence: 2 });
    feed(b.layer, 40, { sequence: 71, timestamp: 7, key: true });
    feed(a.layer, 50, { sequence: 3 });
    feed(b.layer, 60, { sequence: 72, timestamp: 1_807 });
    const sent = drain(60);
    expect(sent.map(({ csrc }) => csrc)).toEqual([17, 17, 33, 33]);
    expect(sent.map(({ sequence }) => sequence)).toEqual([100, 101, 102, 103]);
    // 10 ms from the old source's last packet to the new one's first, then its own 20 ms.
    expect(sent.map(({ timestamp }) => timestamp - 10_000)).toEqual([0, 0, 900, 2_700]);
    expect(a.layer.sinks).toEqual([]);
  });

  it("returns to the old source when it is selected again before the new one began", () => {
    const { slot, drain } = createTestSlot();
    const a = createTestLayer(CODECS.vp8, 17);
    const b = createTestLayer(CODECS.vp8, 33);
    slot.select(a.layer, 0);
    feed(a.layer, 0, { sequence: 1, key: true });
    slot.select(b.layer, 10);
    slot.select(a.layer, 20);
    feed(b.layer, 30, { sequence: 1, key: true });
    feed(a.layer, 30, { sequence: 2 });
    expect(drain(30).map(({ csrc }) => csrc)).toEqual([17, 17]);
    expect(b.layer.sinks).toEqual([]);
  });

  it("catches up when a key frame's first packet comes late", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, timestamp: 0 });
    feed(layer, 5, { sequence: 3, timestamp: 90 });
    feed(layer, 5, { sequence: 4, timestamp: 90 });
    expect(drain(5)).toEqual([]);
    feed(layer, 60, { sequence: 2, timestamp: 90, key: true, recovered: true });
    feed(layer, 60, { sequence: 5, timestamp: 180 });
    expect(drain(60).map(({ sequence, timestamp }) => [sequence, timestamp])).toEqual([
      [100, 10_000],
      [101, 10_000],
      [102, 10_000],
      [103, 10_090],
    ]);
  });

  it("keeps a lost packet's number for it, and for nothing else", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true, pictureId: 7 });
    feed(layer, 33, { sequence: 4, timestamp: 2_970, pictureId: 8 });
    feed(layer, 90, { sequence: 2, recovered: true, pictureId: 7 });
    feed(layer, 95, { sequence: 2, recovered: true, pictureId: 7 });
    expect(drain(95).map(({ sequence }) => sequence)).toEqual([100, 103, 101]);
  });

  it("sends nothing twice, even when the layer no longer knows that it had it", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer(CODECS.vp8, 17, { packets: 16, bytes: 128 });
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    for (let i = 2; i <= 15; i++) feed(layer, i, { sequence: i, timestamp: i });
    drain(15);
    expect(layer.ring.find(layer.highest - 14)).toBe(-1);
    expect(feed(layer, 20, { sequence: 1, key: true })).toBe(true);
    expect(drain(20)).toEqual([]);
  });

  it("gives padding no number, unless one was kept for it", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer();
    const padding = { payload: Buffer.alloc(0), padding: 100 };
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    feed(layer, 1, { sequence: 2, ...padding });
    feed(layer, 33, { sequence: 3, timestamp: 2_970 });
    feed(layer, 66, { sequence: 5, timestamp: 5_940 });
    feed(layer, 70, { sequence: 4, timestamp: 2_970, ...padding });
    const sent = drain(70);
    expect(sent.map(({ sequence, payloadLength }) => [sequence, payloadLength > 0])).toEqual([
      [100, true],
      [101, true],
      [103, true],
      [102, false],
    ]);
  });

  it("waits for a codec that the receiver has", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer(CODECS.h264);
    expect([slot.takes("vp8"), slot.takes("h264")]).toEqual([true, false]);
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, payload: Buffer.from([0x67, 1]) });
    expect(drain(0)).toEqual([]);
    layer.useCodec(CODECS.vp8, 10);
    feed(layer, 10, { sequence: 2, timestamp: 5, key: true });
    expect(drain(10).length).toBe(1);
  });

  it("tells of a feed in the turn of its first packet, and not of what goes on", () => {
    const { slot } = createTestSlot();
    const { layer } = createTestLayer();
    const told: number[] = [];
    slot.onFeed = (from, now) => told.push(from.sourceNumber, now);
    slot.select(layer, 0);
    feed(layer, 5, { sequence: 1, key: true });
    expect(slot.reportDue).toBe(true);
    feed(layer, 6, { sequence: 2, timestamp: 90 });
    feed(layer, 7, { sequence: 3, timestamp: 30, key: true });
    layer.setOpen(false, 8);
    layer.setOpen(true, 20);
    expect(slot.live).toBe(false);
    feed(layer, 30, { sequence: 5, timestamp: 900, key: true });
    expect(slot.live).toBe(true);
    expect(told).toEqual([17, 5, 17, 30]);
  });
});

describe("an audio slot", () => {
  const gap = (gone: number) => {
    const { slot, drain } = createTestSlot("audio");
    const a = createTestLayer(CODECS.opus, 16);
    const b = createTestLayer(CODECS.opus, 32);
    slot.select(a.layer, 0);
    feed(a.layer, 1_000, { sequence: 1, timestamp: 77 });
    slot.select(b.layer, 1_000);
    feed(b.layer, 1_000 + gone, { sequence: 9, timestamp: 5_000_000 });
    const [first, second] = drain(0);
    return second!.timestamp - first!.timestamp;
  };

  it("advances by whole packets at a switch, rounded down, at least one", () => {
    expect([0, 5, 19, 20, 39, 40, 59, 1_000].map(gap)).toEqual([960, 960, 960, 960, 960, 1_920, 1_920, 48_000]);
  });

  it("never advances so far that the timestamp seems to fall", () => {
    expect(gap(30 * 3_600_000)).toBe(3_600_000 * 48);
  });
});

describe("what a receiver asks for again", () => {
  function start() {
    const kit = createTestSlot();
    const { layer } = createTestLayer();
    kit.slot.select(layer, 0);
    for (let i = 1; i <= 5; i++) feed(layer, i, { sequence: i, timestamp: i * 90, key: i === 1, pictureId: i });
    return { ...kit, layer, first: kit.drain(5) };
  }

  it("comes as RTX with the original number, the same content and timestamp", () => {
    const { slot, drain, first } = start();
    expect(slot.resend(102, 50, 40)).toBe(true);
    const [again] = drain(50);
    expect(again).toMatchObject({
      ssrc: 1_001,
      payloadType: 97,
      sequence: 500,
      timestamp: first[2]!.timestamp,
      csrc: 17,
    });
    expect(again!.payload.readUInt16BE(0)).toBe(102);
    expect(again!.payload.subarray(2).equals(first[2]!.payload)).toBe(true);
    slot.resend(103, 51, 40);
    expect(drain(51)[0]!.sequence).toBe(501);
  });

  it("comes once per round trip and ten times in all", () => {
    const { slot, drain } = start();
    let sent = 0;
    for (let now = 10; now < 1_000; now += 10) if (slot.resend(101, now, 40)) sent++;
    expect(sent).toBe(10);
    drain(0);
    expect(slot.resend(102, 0, 40)).toBe(true);
    expect(slot.resend(102, 39, 40)).toBe(false);
    expect(slot.resend(102, 40, 40)).toBe(true);
  });

  it("is counted anew for every number", () => {
    const { slot, layer } = start();
    for (let now = 10; now < 200; now += 10) slot.resend(101, now, 0);
    for (let i = 6; i <= 1_030; i++) feed(layer, 200 + i, { sequence: i, timestamp: i * 90 });
    expect(slot.resend(101 + 1_024, 2_000, 0)).toBe(true);
  });

  it("comes after a switch as it was sent before it", () => {
    const { slot, drain, first } = start();
    const b = createTestLayer(CODECS.vp8, 33);
    slot.select(b.layer, 100);
    feed(b.layer, 150, { sequence: 900, timestamp: 1, key: true });
    drain(150);
    slot.resend(103, 160, 0);
    const [again] = drain(160);
    expect(again).toMatchObject({ csrc: 17, timestamp: first[3]!.timestamp });
    expect(again!.payload.subarray(2).equals(first[3]!.payload)).toBe(true);
  });

  it("is refused for numbers never sent, not yet arrived, or gone from the ring", () => {
    const { slot, layer, drain, writer } = start();
    expect(slot.resend(99, 10, 0)).toBe(false);
    expect(slot.resend(200, 10, 0)).toBe(false);
    feed(layer, 40, { sequence: 8, timestamp: 900 });
    expect(slot.resend(106, 41, 0)).toBe(false);
    drain(41);
    layer.close();
    expect(slot.resend(101, 50, 0)).toBe(true);
    expect(drain(50)).toEqual([]);
    expect(writer.dropped).toBe(1);
  });

  it("comes without RTX as the very packet that was lost, from the first request on", () => {
    const { slot, drain } = createTestSlot("video", { rtxSsrc: 0, extensions: { absoluteSendTime: 2 } });
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 1, { sequence: 1, key: true });
    drain(1);
    slot.resend(100, 10, 0);
    expect(drain(10)).toEqual([]);
    feed(layer, 20, { sequence: 2, timestamp: 90 });
    const [lost] = drain(20);
    slot.resend(101, 60, 0);
    const [again] = drain(60);
    expect(again!.bytes.equals(lost!.bytes)).toBe(true);
  });
});
