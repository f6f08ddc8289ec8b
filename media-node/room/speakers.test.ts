import { describe, expect, it } from "vitest";
import { CODECS } from "../codec/codecs.ts";
import { NO_FEEDBACK } from "../forward/feedback.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SourceClock } from "../forward/source-clock.ts";
import { createSource, type Source } from "./source.ts";
import { Speakers } from "./speakers.ts";

function setUp(participants: number) {
  const shared = { clock: new SourceClock(), roundTrip: createRoundTrip(), feedback: NO_FEEDBACK };
  const mics: Source[] = [];
  for (let i = 1; i <= participants; i++)
    mics.push(createSource({ number: i * 16, kind: "mic", codec: CODECS.opus, ...shared }));
  const speakers = new Speakers();
  let now = 0;
  /** Everybody at a level for a while; every change of the list is returned. */
  const talk = (milliseconds: number, ...levels: number[]) => {
    const changes: (readonly number[])[] = [];
    for (const end = now + milliseconds; now < end; now += 20) {
      for (const [i, mic] of mics.entries()) mic.loudness.sample(levels[i] ?? 127, now, now);
      if (speakers.update(mics, now)) changes.push(speakers.current);
    }
    return changes;
  };
  return { speakers, talk, mics, now: () => now };
}

describe("Speakers", () => {
  it("lists who speaks, once, with the dominant speaker first", () => {
    const { talk, speakers } = setUp(3);
    expect(talk(2_000, 90, 30)).toEqual([[2]]);
    talk(2_000, 30, 30);
    expect(speakers.current).toEqual([2, 1]);
  });

  it("lets dominance go to who is clearly louder, not back and forth between equals", () => {
    const { talk, speakers } = setUp(2);
    talk(1_000, 30);
    talk(1_000, 30, 27);
    expect(speakers.current[0]).toBe(1);
    talk(2_000, 40, 20);
    expect(speakers.current[0]).toBe(2);
  });

  it("gives dominance to the next when the dominant speaker falls silent, and empties when all do", () => {
    const { talk, speakers } = setUp(2);
    talk(1_000, 20, 35);
    talk(3_000, 127, 35);
    expect(speakers.current).toEqual([2]);
    talk(3_000);
    expect(speakers.current).toEqual([]);
  });

  it("remembers when somebody was last dominant, until they are forgotten", () => {
    const { talk, speakers, now } = setUp(2);
    expect(speakers.lastDominantAt(1)).toBe(Number.NEGATIVE_INFINITY);
    talk(1_000, 30);
    expect(speakers.lastDominantAt(1)).toBeGreaterThan(0);
    expect(speakers.lastDominantAt(1)).toBeLessThan(now());
    speakers.forget(1);
    expect(speakers.lastDominantAt(1)).toBe(Number.NEGATIVE_INFINITY);
  });
});
