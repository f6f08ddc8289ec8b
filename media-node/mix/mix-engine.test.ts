import { describe, expect, it } from "vitest";
import { MAX_ENCODED } from "../codec/audio-codec.ts";
import { loadOpus } from "../codec/opus-audio.ts";
import { tone } from "../testing/tones.ts";
import { createMixEngine, MAX_VOICES, type MixEngine } from "./mix-engine.ts";
import { FULL_BAND } from "./mix-format.ts";

const opus = await loadOpus();

/** Two rooms of seven who speak and one who listens. */
function setUp() {
  const packets = new Map<number, number>();
  const voices: number[] = [];
  const engine: MixEngine = createMixEngine({
    opus,
    now: 0,
    onAssign() {},
    onPacket: room => packets.set(room, (packets.get(room) ?? 0) + 1),
    onVoices: count => voices.push(count),
  });
  for (const room of [1, 2]) {
    engine.command({ type: "room.open", room });
    for (let participant = 1; participant <= 7; participant++) {
      engine.command({ type: "input.add", room, input: participant * 16, participant });
    }
    engine.command({ type: "listener.add", room, listener: 1, participant: 99, format: FULL_BAND });
  }
  const encoder = opus.createEncoder({ rate: 48_000, channels: 1 });
  const packet = new Uint8Array(MAX_ENCODED);
  const length = encoder.encode(tone(440, 48_000, 960), 0, packet, 0);
  let frame = 0;
  let now = 0;
  /** Runs the engine so often as soon as it is due; each time takes so long (ms). */
  function run(times: number, takes = 5): void {
    for (const end = frame + times; frame < end; frame++) {
      now = Math.max(now, engine.due);
      for (const room of [1, 2]) {
        for (let input = 16; input <= 112; input += 16) {
          engine.push(room, input, "opus", frame, frame * 960, 20, packet, 0, length, now);
        }
      }
      engine.run(now);
      now += takes;
    }
  }
  return { engine, packets, voices, run };
}

describe("the mix engine", () => {
  it("mixes all rooms by one clock", () => {
    const { engine, packets, voices, run } = setUp();
    run(50);
    expect(packets.get(1)).toBe(packets.get(2));
    expect(packets.get(1)).toBeGreaterThan(40);
    expect(voices).toEqual([]);
    expect(engine.due).toBe(1_000);
  });

  it("slower than real time, gives up voices one by one and says so, and takes them back", () => {
    const { packets, voices, run } = setUp();
    // What takes 25 ms instead of 20 is later each time.
    run(60, 25);
    expect(voices).toEqual([4, 3, 2, 1]);
    packets.clear();
    run(100, 25);
    // What is late isn't made up for: one frame each time, and some are left out.
    expect(packets.get(1)).toBeLessThanOrEqual(101);
    run(1_020);
    expect(voices).toEqual([4, 3, 2, 1, 2, 3, 4, MAX_VOICES]);
  });

  it("knows nothing of rooms that are closed or never were", () => {
    const { engine, packets, run } = setUp();
    engine.command({ type: "room.close", room: 1 });
    engine.command({ type: "input.add", room: 1, input: 16, participant: 1 });
    engine.command({ type: "listener.remove", room: 7, listener: 1 });
    engine.command({ type: "input.remove", room: 2, input: 16 });
    engine.command({ type: "listener.remove", room: 2, listener: 1 });
    packets.clear();
    run(20);
    expect(packets.size).toBe(0);
    expect(engine.rooms).toBe(1);
    engine.close();
    expect(engine.rooms).toBe(0);
  });
});
