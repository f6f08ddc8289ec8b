import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { NO_FEEDBACK } from "../forward/feedback.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SourceClock } from "../forward/source-clock.ts";
import { pairAudio } from "./audio-plan.ts";
import { createSource, type Source, type SourceKind } from "./source.ts";
import { planVideo, type VideoPlanInput } from "./video-plan.ts";

const INDEX: Record<SourceKind, number> = { mic: 0, camera: 1, screen: 2, "screen-audio": 3, mix: 4, custom: 5 };

function source(participant: number, kind: SourceKind): Source {
  const codec = kind === "mic" || kind === "screen-audio" ? CODECS.opus : CODECS.vp8;
  const shared = { clock: new SourceClock(), roundTrip: createRoundTrip(), feedback: NO_FEEDBACK };
  return createSource({ number: participant * 16 + INDEX[kind], kind, codec, ...shared });
}

const [a, b, c] = [source(1, "camera"), source(2, "camera"), source(3, "camera")];
const [shareB, shareC] = [source(2, "screen"), source(3, "screen")];

function plan(input: Partial<VideoPlanInput>): number[] {
  const sources = [a, b, shareB, c, shareC];
  const all = { sources, wishes: undefined, pins: [], lastDominantAt: () => Number.NEGATIVE_INFINITY, ...input };
  return planVideo(all).map(({ number }) => number);
}

describe("planVideo", () => {
  it("shows screens, the newest first, then cameras in order of publication", () => {
    expect(plan({})).toEqual([shareC, shareB, a, b, c].map(({ number }) => number));
  });

  it("prefers who spoke last, and pins to all", () => {
    const spoke = new Map([
      [3, 500],
      [2, 100],
    ]);
    const lastDominantAt = (participant: number) => spoke.get(participant) ?? Number.NEGATIVE_INFINITY;
    expect(plan({ lastDominantAt, sources: [a, b, c] })).toEqual([c, b, a].map(({ number }) => number));
    expect(plan({ lastDominantAt, sources: [a, b, c], pins: [a.number, 999] })).toEqual(
      [a, c, b].map(({ number }) => number),
    );
  });

  it("puts muted cameras last", () => {
    const muted = source(9, "camera");
    muted.muted = true;
    expect(plan({ sources: [muted, a, b] })).toEqual([a, b, muted].map(({ number }) => number));
  });

  it("shows exactly what is wished for, by priority, each once", () => {
    const wish = (number: number, priority: number) => ({ source: number, width: 0, height: 0, priority });
    const wishes = [wish(a.number, 1), wish(b.number, 5), wish(77, 9), wish(a.number, 3)];
    expect(plan({ wishes })).toEqual([b.number, a.number]);
    expect(plan({ wishes: [], pins: [a.number] })).toEqual([]);
  });
});

describe("pairAudio", () => {
  const [micA, micB] = [source(1, "mic"), source(2, "mic")];
  const audioB = source(2, "screen-audio");
  const pair = (shown: (Source | undefined)[], audio = [micA, micB, audioB]) =>
    pairAudio(shown, audio).map(found => found?.number);

  it("gives a camera its microphone and a screen its own sound", () => {
    expect(pair([b, shareB, a])).toEqual([micB.number, audioB.number, micA.number]);
  });

  it("lets the microphone go with the screen where no camera is shown and the screen is silent", () => {
    expect(pair([shareB], [micB])).toEqual([micB.number]);
    expect(pair([shareB, b], [micB])).toEqual([undefined, micB.number]);
  });

  it("gives nothing to empty slots and to who has no sound", () => {
    expect(pair([undefined, c])).toEqual([undefined, undefined]);
  });
});
