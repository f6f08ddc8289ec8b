import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFiguresReader, type Figures } from "./stats/figures.ts";
import { judge } from "./stats/judge.ts";
import { type Quality, watchQuality } from "./stats.ts";
import type { Room } from "./types.ts";

type Report = { id: string; type: string } & Record<string, unknown>;
const stats = (...reports: Report[]): RTCStatsReport =>
  new Map(reports.map(report => [report.id, report])) as unknown as RTCStatsReport;

const inbound = (at: number, packetsReceived: number, packetsLost: number, bytesReceived = 0): Report => ({
  id: "in",
  type: "inbound-rtp",
  timestamp: at,
  packetsReceived,
  packetsLost,
  bytesReceived,
});

describe("figures", () => {
  it("are about the time between two readings", () => {
    const read = createFiguresReader();
    expect(read(stats(inbound(0, 1_000, 500, 9_000)))).toMatchObject({ loss: 0, received: 0 });
    const figures = read(stats(inbound(2_000, 1_090, 510, 34_000)));
    expect(figures.loss).toBeCloseTo(0.05);
    expect(figures.received).toBe(100_000);
    expect(read(stats(inbound(4_000, 1_190, 510))).loss).toBeCloseTo(0.025);
  });

  it("are not fooled by sources that went and counters that fell", () => {
    const read = createFiguresReader();
    read(stats(inbound(0, 1_000, 500, 9_000)));
    expect(read(stats(inbound(2_000, 10, 0, 100)))).toMatchObject({ loss: 0, received: 0 });
    expect(read(stats())).toMatchObject({ loss: 0, received: 0, sent: 0, rtt: undefined, relay: false });
  });

  it("take the worse direction's loss", () => {
    const read = createFiguresReader();
    const remote = { id: "r", type: "remote-inbound-rtp", fractionLost: 0.25 };
    expect(read(stats(inbound(0, 1, 0), remote)).loss).toBe(0.25);
  });

  it.each([
    ["Chromium", { id: "t", type: "transport", selectedCandidatePairId: "p" }, {}],
    ["Firefox", { id: "t", type: "none" }, { selected: true }],
  ])("find the pair in use in %s", (_browser, transport, mark) => {
    const read = createFiguresReader();
    const figures = read(
      stats(
        transport,
        { id: "other", type: "candidate-pair", currentRoundTripTime: 9 },
        {
          id: "p",
          type: "candidate-pair",
          currentRoundTripTime: 0.08,
          localCandidateId: "l",
          remoteCandidateId: "m",
          ...mark,
        },
        { id: "l", type: "local-candidate", candidateType: "relay" },
        { id: "m", type: "remote-candidate", candidateType: "host" },
      ),
    );
    expect(figures).toMatchObject({ rtt: 80, relay: true });
  });

  it.each([
    [["none", "cpu"], "cpu"],
    [["bandwidth", "none"], "bandwidth"],
    [["bandwidth", "cpu"], "cpu"],
    [["none"], undefined],
  ])("name what holds %s back", (reasons, limit) => {
    const reports = reasons.map((qualityLimitationReason, index) => ({
      id: `${index}`,
      type: "outbound-rtp",
      qualityLimitationReason,
    }));
    expect(createFiguresReader()(stats(...reports)).limit).toBe(limit);
  });
});

describe("quality", () => {
  const figures = (more: Partial<Figures>): Figures => ({
    loss: 0,
    rtt: 20,
    relay: false,
    limit: undefined,
    received: 0,
    sent: 0,
    ...more,
  });
  it.each<[Partial<Figures>, boolean, string]>([
    [{}, false, "good"],
    [{ relay: true }, false, "good"],
    [{ rtt: undefined }, false, "good"],
    [{ loss: 0.02 }, false, "fair loss"],
    [{ loss: 0.08 }, false, "poor loss"],
    [{ rtt: 250 }, false, "fair rtt"],
    [{ rtt: 500 }, false, "poor rtt"],
    [{ rtt: 300, relay: true }, false, "fair relay"],
    [{ limit: "cpu" }, false, "fair cpu"],
    [{ limit: "bandwidth" }, false, "fair bandwidth"],
    [{ limit: "cpu", loss: 0.03 }, false, "fair loss"],
    [{ limit: "cpu", rtt: 600 }, false, "poor rtt"],
    [{}, true, "poor loss"],
  ])("of %o (interrupted: %s) is %s", (more, interrupted, expected) => {
    const { score, reason } = judge(figures(more), interrupted);
    expect([score, reason].filter(Boolean).join(" ")).toBe(expected);
  });
});

describe("watching", () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("tells of each participant, and under one's own id the worst, every two seconds until stopped", async () => {
    const connection = (connectionState: string, fractionLost: number) => ({
      connectionState,
      getStats: async () => stats({ id: "r", type: "remote-inbound-rtp", fractionLost }),
    });
    const room = {
      connections: [
        { pid: "a", connection: connection("connected", 0) },
        { pid: "b", connection: connection("connected", 0.05) },
        { pid: "c", connection: connection("new", 1) },
      ],
      store: { get: () => ({ you: { pid: "me" } }) },
    } as unknown as Room;
    const heard: ReadonlyMap<string, Quality>[] = [];
    const stop = watchQuality(room, qualities => heard.push(qualities));
    watchQuality(room, qualities => heard.push(qualities), { signal: AbortSignal.abort() });
    await vi.advanceTimersByTimeAsync(4_000);
    stop();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(heard.map(qualities => [...qualities].map(([pid, { score }]) => `${pid} ${score}`))).toEqual([
      ["a good", "b fair", "me fair"],
      ["a good", "b fair", "me fair"],
    ]);
  });
});
