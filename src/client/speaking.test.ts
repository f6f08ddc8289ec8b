import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createDetector, levelOf } from "./speaking/detector.ts";
import { watchLevel, watchSpeaking, watchSpeakingWhileMuted } from "./speaking.ts";
import type { Room } from "./types.ts";

describe("levels", () => {
  it("rise in equal steps to the ear, from -60 dBFS to full scale", () => {
    expect([0, 0.001, 1, 2].map(levelOf)).toEqual([0, 0, 1, 1]);
    expect(levelOf(10 ** (-30 / 20))).toBeCloseTo(0.5);
  });

  it("mean speech after 200 ms, and silence after 800", () => {
    const detect = createDetector();
    const run = (level: number, ticks: number): boolean[] => Array.from({ length: ticks }, () => detect(level));
    expect(run(0.5, 3)).toEqual([false, true, true]);
    expect(run(0.25, 20)).not.toContain(false);
    expect(run(0, 7)).not.toContain(false);
    expect(run(0.5, 1)).toEqual([true]);
    expect(run(0, 8)).toEqual([true, true, true, true, true, true, true, false]);
    expect([detect(0.9), detect(0), detect(0.9), detect(0)]).not.toContain(true);
  });
});

/** How loud each track is, for the fake audio graph. */
const loudness = new Map<MediaStreamTrack, number>();
let sourcesOpen = 0;

class FakeAudioContext {
  state = "running";
  createMediaStreamSource({ track }: { track: MediaStreamTrack }) {
    sourcesOpen++;
    return {
      track,
      connect: (to: { track?: MediaStreamTrack }) => (to.track = track),
      disconnect: () => sourcesOpen--,
    };
  }
  createAnalyser() {
    return {
      fftSize: 0,
      track: undefined as MediaStreamTrack | undefined,
      getFloatTimeDomainData(samples: Float32Array) {
        samples.fill(this.track ? (loudness.get(this.track) ?? 0) : 0);
      },
    };
  }
}

describe("watching", () => {
  const track = (): MediaStreamTrack => ({ kind: "audio", readyState: "live" }) as MediaStreamTrack;
  const [own, remote] = [track(), track()];
  let packets: number;
  let snapshot: { you: object; participants: object[]; mix?: { speakers: number[] } };
  let room: Room;

  const receiver = {
    track: remote,
    getSynchronizationSources: () => [{ timestamp: packets, audioLevel: loudness.get(remote) }],
  };
  const voice = (pid: string, track: MediaStreamTrack, muted = false) => ({
    pid,
    sources: [
      { kind: "mic", muted, track },
      { kind: "screen-audio", muted: false, track: own },
      { kind: "mic", muted: false },
    ],
  });

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal("AudioContext", FakeAudioContext);
    vi.stubGlobal("addEventListener", () => {});
    vi.stubGlobal(
      "MediaStream",
      class {
        readonly track: MediaStreamTrack | undefined;
        constructor(tracks: MediaStreamTrack[]) {
          this.track = tracks[0];
        }
      },
    );
    loudness.clear();
    sourcesOpen = 0;
    packets = 0;
    snapshot = { you: voice("me", own), participants: [voice("you", remote)] };
    room = {
      store: { get: () => snapshot },
      connections: [{ pid: "you", connection: { getReceivers: () => [receiver] } }],
    } as unknown as Room;
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });
  const pass = (ms: number): void => {
    for (let gone = 0; gone < ms; gone += 100) {
      packets++;
      vi.advanceTimersByTime(100);
    }
  };

  it("a track's level ten times a second, until stopped", () => {
    const levels: number[] = [];
    loudness.set(own, 0.1);
    const stop = watchLevel(own, ({ level }) => levels.push(level));
    pass(500);
    stop();
    pass(500);
    expect(levels).toHaveLength(5);
    expect(levels[0]).toBeCloseTo(2 / 3);
    expect(sourcesOpen).toBe(0);
  });

  it("a receiver's level, which is nothing once packets stop coming", () => {
    const levels: number[] = [];
    loudness.set(remote, 1);
    watchLevel(receiver as unknown as RTCRtpReceiver, ({ level }) => levels.push(level));
    pass(300);
    vi.advanceTimersByTime(400);
    expect(levels).toEqual([1, 1, 1, 1, 1, 0, 0]);
  });

  it("who speaks, loudest first, when it changes", () => {
    const heard: string[][] = [];
    const stop = watchSpeaking(room, speakers => heard.push([...speakers]));
    pass(500);
    loudness.set(own, 0.1);
    pass(500);
    loudness.set(remote, 0.5);
    pass(500);
    snapshot = { you: voice("me", own, true), participants: [voice("you", remote)] };
    pass(500);
    snapshot = { you: voice("me", own, true), participants: [] };
    pass(500);
    expect(heard).toEqual([["me"], ["you", "me"], ["you"], []]);
    stop();
    expect(sourcesOpen).toBe(0);
  });

  it("who speaks in a mix, as the node says", () => {
    const heard: string[][] = [];
    const others = [2, 3].map(number => ({ pid: `p${number}`, number, sources: [] }));
    snapshot = { you: { ...voice("me", own), number: 1 }, participants: others, mix: { speakers: [] } };
    const stop = watchSpeaking(room, speakers => heard.push([...speakers]));
    loudness.set(own, 0.1);
    pass(500);
    snapshot = { ...snapshot, mix: { speakers: [3, 1, 2] } };
    pass(500);
    loudness.set(own, 0);
    snapshot = { ...snapshot, mix: { speakers: [] } };
    pass(1_000);
    expect(heard).toEqual([["me"], ["me", "p3", "p2"], ["me"], []]);
    stop();
  });

  it("one's speaking into one's own muted microphone", () => {
    const heard: boolean[] = [];
    const stop = watchSpeakingWhileMuted(room, speaking => heard.push(speaking));
    loudness.set(own, 0.1);
    pass(500);
    expect(heard).toEqual([]);
    snapshot = { ...snapshot, you: voice("me", own, true) };
    pass(500);
    loudness.set(own, 0);
    pass(1_000);
    expect(heard).toEqual([true, false]);
    stop();
    expect(sourcesOpen).toBe(0);
  });

  it("nothing for a signal that has aborted", () => {
    const levels: number[] = [];
    watchLevel(own, ({ level }) => levels.push(level), { signal: AbortSignal.abort() });
    pass(500);
    expect(levels).toEqual([]);
  });
});
