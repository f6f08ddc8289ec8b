import { describe, expect, it } from "vitest";
import { createReportBlock } from "../rtp/rtcp-reports.ts";
import { InboundStats } from "./inbound-stats.ts";

describe("InboundStats", () => {
  it("reports the share lost since the last report, and all that was lost", () => {
    const stats = new InboundStats(90_000);
    const block = createReportBlock();
    expect(stats.report(9, 0, block)).toBe(false);
    for (let index = 100; index < 200; index++)
      if (index % 4 !== 1) stats.packet(index, index * 3_000, 1_000, true, index * 33);
    expect(stats.report(9, 7_000, block)).toBe(true);
    expect(block).toMatchObject({ ssrc: 9, fractionLost: 64, lost: 25, highestSequence: 199 });
    for (let index = 200; index < 300; index++) stats.packet(index, index * 3_000, 1_000, true, index * 33);
    stats.report(9, 9_000, block);
    expect(block).toMatchObject({ fractionLost: 0, lost: 25, highestSequence: 299 });
  });

  it("counts late packets as received and duplicates as less than no loss", () => {
    const stats = new InboundStats(90_000);
    const block = createReportBlock();
    stats.packet(10, 0, 1, true, 0);
    stats.packet(12, 0, 1, true, 0);
    stats.packet(11, 0, 1, false, 0);
    stats.packet(11, 0, 1, false, 0);
    stats.report(1, 0, block);
    expect(block).toMatchObject({ fractionLost: 0, lost: -1 });
  });

  it("gives the extended number modulo 2^32", () => {
    const stats = new InboundStats(90_000);
    const block = createReportBlock();
    stats.packet(2 ** 32 + 5, 0, 1, true, 0);
    stats.report(1, 0, block);
    expect(block.highestSequence).toBe(5);
  });

  it("measures interarrival jitter in clock units, over the timestamp's wrap", () => {
    const steady = new InboundStats(90_000);
    const shaky = new InboundStats(90_000);
    const block = createReportBlock();
    for (let i = 0; i < 500; i++) {
      const timestamp = (0xffff_0000 + i * 3_000) >>> 0;
      steady.packet(i, timestamp, 1, true, (i * 1_000) / 30);
      shaky.packet(i, timestamp, 1, true, (i * 1_000) / 30 + (i % 2) * 10);
    }
    steady.report(1, 0, block);
    expect(block.jitter).toBeLessThan(3);
    shaky.report(1, 0, block);
    expect(block.jitter).toBeGreaterThan(850);
    expect(block.jitter).toBeLessThan(950);
  });

  it("says how long ago the last sender report came", () => {
    const stats = new InboundStats(48_000);
    const block = createReportBlock();
    stats.packet(1, 0, 1, true, 0);
    stats.senderReport(0xabcd, 1_000);
    stats.report(1, 1_500, block);
    expect(block).toMatchObject({ lastSenderReport: 0xabcd, sinceSenderReport: 32_768 });
  });
});
