import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { createTestLayer, feed } from "../testing/stream-kit.ts";
import type { Layer } from "./layer.ts";
import { PACKET } from "./packet-ring.ts";
import type { PacketSink } from "./packet-sink.ts";

/** A sink that notes the numbers it is given, from the layer's first on. */
function listen(layer: Layer): { sink: PacketSink; got: number[]; flags: number[] } {
  const got: number[] = [];
  const flags: number[] = [];
  const sink: PacketSink = {
    decide(from, place) {
      got.push(from.ring.index[place]!);
      flags.push(from.ring.flags[place]!);
    },
  };
  layer.addSink(sink);
  return { sink, got, flags };
}

describe("Layer", () => {
  it("gives packets their extended numbers over the wrap, each once", () => {
    const { layer } = createTestLayer();
    const { got } = listen(layer);
    for (const sequence of [65_534, 65_535, 0, 0, 2, 65_535, 1]) feed(layer, 0, { sequence });
    expect(got.map(index => index - got[0]!)).toEqual([0, 1, 2, 4, 3]);
  });

  it("copies nothing while nobody listens, but knows that it flows", () => {
    const { layer } = createTestLayer();
    expect(feed(layer, 40, { sequence: 1 })).toBe(true);
    expect(layer.ring.packets).toBe(1);
    expect(layer.lastArrival).toBe(40);
    expect(layer.stats.received).toBe(1);
  });

  it("holds back from a new sink what came late and began before it", () => {
    const { layer } = createTestLayer();
    feed(layer, 0, { sequence: 1 });
    feed(layer, 0, { sequence: 3 });
    const { got } = listen(layer);
    expect(feed(layer, 1, { sequence: 2 })).toBe(false);
    feed(layer, 1, { sequence: 4 });
    expect(got.length).toBe(1);
  });

  it("stops serving a sink that left, even while packets are handed out", () => {
    const { layer } = createTestLayer();
    let calls = 0;
    const leaving: PacketSink = {
      decide(from) {
        calls++;
        from.removeSink(leaving);
      },
    };
    layer.addSink(leaving);
    const { got } = listen(layer);
    feed(layer, 0, { sequence: 1 });
    feed(layer, 0, { sequence: 2 });
    expect([calls, got.length]).toEqual([1, 2]);
  });

  it("asks for what is missing, and no longer once a key frame begins", () => {
    const { layer, asked } = createTestLayer();
    listen(layer);
    feed(layer, 0, { sequence: 10 });
    feed(layer, 0, { sequence: 13 });
    layer.tick(10);
    expect(asked.packets).toEqual([{ at: 10, sequences: [11, 12] }]);
    feed(layer, 20, { sequence: 11, recovered: true });
    feed(layer, 20, { sequence: 14, timestamp: 90, key: true });
    layer.tick(500);
    expect(asked.packets.length).toBe(1);
  });

  it("asks for nothing that nobody wants", () => {
    const { layer, asked } = createTestLayer();
    const { sink } = listen(layer);
    feed(layer, 0, { sequence: 10 });
    feed(layer, 0, { sequence: 13 });
    layer.requestKeyFrame(0);
    layer.removeSink(sink);
    layer.tick(1_000);
    expect(asked).toEqual({ keyFrames: [0], packets: [] });
  });

  it("coalesces requests for a key frame and repeats them until one begins", () => {
    const { layer, asked } = createTestLayer();
    listen(layer);
    for (let i = 0; i < 10; i++) layer.requestKeyFrame(i);
    layer.tick(100);
    layer.tick(200);
    feed(layer, 250, { sequence: 1 });
    layer.tick(400);
    feed(layer, 450, { sequence: 2, timestamp: 9, key: true });
    layer.tick(5_000);
    expect(asked.keyFrames).toEqual([0, 200, 400]);
  });

  it("takes padding that has nothing in it", () => {
    const { layer } = createTestLayer();
    const { got, flags } = listen(layer);
    feed(layer, 0, { sequence: 1, timestamp: 500 });
    expect(feed(layer, 0, { sequence: 2, timestamp: 1, payload: Buffer.alloc(0), padding: 9 })).toBe(true);
    expect(got.length).toBe(2);
    expect(flags[1]! & PACKET.empty).toBe(PACKET.empty);
    expect(layer.timeline).toBe(0);
  });

  it("drops and counts payloads that make no sense, and ones too long to keep", () => {
    const { layer } = createTestLayer();
    const { got } = listen(layer);
    expect(feed(layer, 0, { sequence: 1, payload: Buffer.from([0x90]) })).toBe(false);
    expect(feed(layer, 0, { sequence: 2, payload: Buffer.alloc(65_535, 0x10) })).toBe(false);
    expect([got.length, layer.stats.discarded]).toEqual([0, 2]);
  });

  it("refuses a late packet whose timestamp isn't between its neighbours'", () => {
    const { layer } = createTestLayer();
    const { got } = listen(layer);
    feed(layer, 0, { sequence: 1, timestamp: 1_000 });
    feed(layer, 0, { sequence: 4, timestamp: 2_000 });
    expect(feed(layer, 0, { sequence: 2, timestamp: 999 })).toBe(false);
    expect(feed(layer, 0, { sequence: 3, timestamp: 2_001 })).toBe(false);
    expect(feed(layer, 0, { sequence: 2, timestamp: 1_000 })).toBe(true);
    expect(got.length).toBe(3);
  });

  describe("breaks its timeline", () => {
    const breaks = (timestamp: number, now: number) => {
      const { layer } = createTestLayer();
      listen(layer);
      feed(layer, 0, { sequence: 1, timestamp: 100_000 });
      feed(layer, now, { sequence: 2, timestamp });
      return [layer.timeline, layer.generation];
    };
    it("where timestamps fall or leap", () => {
      expect(breaks(99_999, 33)).toEqual([1, 0]);
      expect(breaks(100_000 + 90 * 5_000, 33)).toEqual([1, 0]);
    });
    it("but not for pauses, delays or bursts", () => {
      expect(breaks(100_000, 0)).toEqual([0, 0]);
      expect(breaks(100_000 + 90 * 60_000, 60_000)).toEqual([0, 0]);
      expect(breaks(100_000 + 90 * 33, 5_000)).toEqual([0, 0]);
      expect(breaks(100_000 + 90 * 2_000, 10)).toEqual([0, 0]);
    });
  });

  it("goes by arrival times again when its timeline breaks, until the next sender report", () => {
    const { layer } = createTestLayer();
    feed(layer, 1_000, { sequence: 1, timestamp: 0 });
    layer.senderReport(5_000, 1, 0, 1_040);
    expect(layer.clock.captureTime(900)).toBeCloseTo(1_050);
    feed(layer, 1_100, { sequence: 2, timestamp: 90 * 60_000 });
    expect(layer.clock.captureTime(90 * 60_000)).toBeCloseTo(1_100);
  });

  describe("needs a key frame anew", () => {
    it("behind a hole that no retransmission closes", () => {
      const { layer, asked } = createTestLayer();
      listen(layer);
      feed(layer, 0, { sequence: 1 });
      feed(layer, 10, { sequence: 600 });
      layer.tick(100);
      expect([layer.generation, asked.keyFrames, asked.packets]).toEqual([1, [10], []]);
    });

    it("after it was closed for a while", () => {
      const { layer, asked } = createTestLayer();
      const { got } = listen(layer);
      feed(layer, 0, { sequence: 1 });
      layer.setOpen(false, 10);
      feed(layer, 20, { sequence: 3 });
      layer.tick(100);
      layer.setOpen(true, 200);
      feed(layer, 210, { sequence: 4 });
      expect(feed(layer, 220, { sequence: 2 })).toBe(false);
      expect([got.length, layer.generation, asked.keyFrames, asked.packets]).toEqual([2, 1, [200], []]);
    });

    it("when another SSRC or codec comes, whose numbers lie above all earlier ones", () => {
      const { layer } = createTestLayer();
      const { got } = listen(layer);
      layer.useSsrc(1, 0);
      feed(layer, 0, { sequence: 5_000 });
      layer.useSsrc(1, 0);
      layer.useSsrc(2, 0);
      feed(layer, 0, { sequence: 3 });
      expect(layer.generation).toBe(1);
      expect(got[1]! - got[0]!).toBeGreaterThan(1_024);
      layer.useCodec(CODECS.h264, 0);
      expect(layer.generation).toBe(2);
      expect(layer.ring.find(got[1]!)).toBe(-1);
    });

    it("when its sender started over under the same SSRC, told by two packets in a row", () => {
      const { layer } = createTestLayer();
      const { got } = listen(layer);
      feed(layer, 0, { sequence: 40_000 });
      expect(feed(layer, 0, { sequence: 20_000 })).toBe(false);
      expect(feed(layer, 0, { sequence: 30_000 })).toBe(false);
      expect(feed(layer, 0, { sequence: 30_001 })).toBe(true);
      expect(feed(layer, 0, { sequence: 30_002 })).toBe(true);
      expect([got.length, layer.generation]).toEqual([3, 1]);
    });
  });

  describe("lets a sink begin", () => {
    const SPS = [0x67, 1];
    const PPS = [0x68, 1];
    const IDR = [0x7c, 0x85, 1];
    const SLICE = [0x41, 1];
    /** Which packets of an H.264 stream are starts; a new timestamp with each frame. */
    const starts = (...frames: number[][][]) => {
      const { layer } = createTestLayer(CODECS.h264);
      const { flags } = listen(layer);
      let sequence = 0;
      for (const [i, frame] of frames.entries()) {
        for (const unit of frame)
          feed(layer, i * 33, { sequence: ++sequence, timestamp: i * 3_000, payload: Buffer.from(unit) });
      }
      return flags.map(flag => flag & PACKET.start);
    };

    it("at the parameter sets of an H.264 key frame, where they are in band", () => {
      expect(starts([SLICE], [SPS, PPS, IDR], [SLICE])).toEqual([0, 1, 0, 0, 0]);
      expect(starts([SPS, PPS, IDR], [SLICE], [IDR])).toEqual([1, 0, 0, 0, 0]);
    });

    it("at an IDR picture where they never were, once the frame before it is known", () => {
      expect(starts([SLICE], [IDR, SLICE], [IDR])).toEqual([0, 1, 0, 1]);
      expect(starts([IDR], [SLICE])).toEqual([0, 0]);
    });

    it("at any packet of audio, and only at a key frame's first of VP8", () => {
      const audio = createTestLayer(CODECS.opus).layer;
      const heard = listen(audio);
      feed(audio, 0, { sequence: 1 });
      expect(heard.flags[0]! & PACKET.start).toBe(1);
      const { layer } = createTestLayer();
      const seen = listen(layer);
      feed(layer, 0, { sequence: 1 });
      feed(layer, 0, { sequence: 2, timestamp: 9, key: true });
      expect(seen.flags.map(flag => flag & PACKET.start)).toEqual([0, 1]);
    });
  });

  it("takes nothing once it is closed", () => {
    const { layer } = createTestLayer();
    const { got } = listen(layer);
    feed(layer, 0, { sequence: 1 });
    layer.close();
    layer.close();
    layer.addSink({ decide: () => got.push(-1) });
    expect(feed(layer, 0, { sequence: 2 })).toBe(false);
    expect(got.length).toBe(1);
  });
});
