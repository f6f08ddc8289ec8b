import { describe, expect, it } from "vitest";
import type { Surroundings } from "../core/index.ts";
import type { MediaHost } from "../media-path.ts";
import { createSlots } from "./slots.ts";

/** A receiver whose packets the test names. */
function createReceiver(kind: "audio" | "video") {
  const entries: { source: number; timestamp: number }[] = [];
  return {
    entries,
    receiver: { track: { kind }, getContributingSources: () => entries } as unknown as RTCRtpReceiver,
  };
}

function setUp() {
  const video = createReceiver("video");
  const audio = createReceiver("audio");
  const timers: (() => void)[] = [];
  let changes = 0;
  const slots = createSlots(
    mid => ({ v: video.receiver, a: audio.receiver })[mid],
    { createStream: () => ({}) } as unknown as MediaHost,
    {
      setTimer(callback: () => void) {
        timers.push(callback);
        return () => {};
      },
    } as unknown as Surroundings,
    () => changes++,
  );
  const map = (mid: string, source: number, state = "live"): void =>
    slots.map({ type: "slots", slots: [{ mid, source, state }] });
  return {
    slots,
    video,
    audio,
    map,
    tick() {
      for (const callback of timers.splice(0)) callback();
    },
    waiting: () => timers.length,
  };
}

describe("a slot's picture", () => {
  it("is somebody's only once mapping and newest packets agree", () => {
    const { slots, video, map, tick, waiting } = setUp();
    map("v", 33);
    tick();
    expect(slots.incoming.size).toBe(0);
    video.entries.push({ source: 33, timestamp: 10 });
    tick();
    expect([...slots.incoming.keys()]).toEqual([33]);
    // Another takes the slot; the old one's packets linger in the list.
    map("v", 49);
    expect(slots.incoming.size).toBe(0);
    tick();
    expect(slots.incoming.size).toBe(0);
    video.entries.unshift({ source: 49, timestamp: 20 });
    tick();
    expect([...slots.incoming.keys()]).toEqual([49]);
    expect(waiting()).toBe(0);
  });

  it("is nobody's while the slot is empty, waits, or may not show its source", () => {
    const { slots, video, map, tick } = setUp();
    video.entries.push({ source: 33, timestamp: 10 });
    for (const state of ["waiting", "unsupported-codec", "no-grant", "from-the-future"]) {
      map("v", 33, state);
      tick();
      expect(slots.incoming.size).toBe(0);
      expect(slots.withheld(33)).toBe(state);
    }
    map("v", 33);
    expect(slots.withheld(33)).toBeUndefined();
    tick();
    expect(slots.incoming.size).toBe(1);
    map("v", 0, "empty");
    expect(slots.incoming.size).toBe(0);
  });
});

describe("a slot's voice", () => {
  it("is passed on at once: Chromium tells its source only while it plays", () => {
    const { slots, map } = setUp();
    map("a", 32);
    expect([...slots.incoming.keys()]).toEqual([32]);
  });
});

it("what is said of a slot that is not ours is ignored", () => {
  const { slots, map } = setUp();
  map("x", 32);
  expect(slots.incoming.size).toBe(0);
});
