import { describe, expect, it } from "vitest";
import { createTestLayer, feed } from "../testing/stream-kit.ts";
import { createFlushList } from "./flush-list.ts";
import { createOutbound } from "./outbound.ts";

function setUp() {
  const flushes = createFlushList();
  const runs: number[] = [];
  const reports: number[] = [];
  const outbound = createOutbound({
    protector: { rtpOverhead: 0, protectRtp: (_buffer, _offset, head, body) => head + body },
    runs: {
      slab: Buffer.alloc(70_000),
      reserve: () => 0,
      queueRun: (path, _offset, size, total) => runs.push(path, total / size),
    },
    flushes,
    onReportDue: now => reports.push(now),
  });
  outbound.writer.path = 9;
  const addSlot = (ssrc: number) =>
    outbound.addSlot({
      media: "video",
      ssrc,
      rtxSsrc: 0,
      formats: [{ codec: "vp8", payloadType: 96 }],
      extensions: {},
      firstSequence: 1,
      firstRtxSequence: 1,
      firstTimestamp: 1,
    });
  return { flushes, runs, reports, outbound, addSlot };
}

describe("Outbound", () => {
  it("sends after the batch what several slots were given during it, as one run", () => {
    const { flushes, runs, reports, addSlot } = setUp();
    const { layer } = createTestLayer();
    addSlot(1).select(layer, 0);
    addSlot(2).select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    feed(layer, 0, { sequence: 2 });
    expect(runs).toEqual([]);
    flushes.flush(5);
    expect(runs).toEqual([9, 4]);
    expect(reports).toEqual([5]);
    flushes.flush(6);
    expect(runs.length).toBe(2);
  });

  it("can be filled again in the same turn that emptied it", () => {
    const { flushes, runs, addSlot } = setUp();
    const { layer } = createTestLayer();
    const slot = addSlot(1);
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    flushes.flush(0);
    feed(layer, 0, { sequence: 2 });
    flushes.flush(0);
    expect(runs).toEqual([9, 1, 9, 1]);
  });

  it("finds slots by SSRC", () => {
    const { outbound, addSlot } = setUp();
    const slot = addSlot(44);
    expect(outbound.slotOf(44)).toBe(slot);
    expect(outbound.slotOf(45)).toBeUndefined();
  });

  it("leaves its sources when it closes, and sends nothing more", () => {
    const { outbound, flushes, runs, addSlot } = setUp();
    const { layer } = createTestLayer();
    addSlot(1).select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    outbound.close(0);
    outbound.close(0);
    flushes.flush(0);
    expect([runs, layer.sinks]).toEqual([[], []]);
  });
});
