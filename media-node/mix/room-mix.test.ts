import { describe, expect, it } from "vitest";
import { MIX_SOURCE } from "../../src/protocol/index.ts";
import type { Guest } from "../testing/room-harness.ts";
import { live, open, PAIRS, setMuted } from "../testing/room-kit.ts";
import type { MixEvents, MixHost } from "./mix-host.ts";
import { createRoomMix } from "./room-mix.ts";

/** A mixer that isn't there: notes what it is told, and says what the test wants. */
function createModelHost() {
  const inputs = new Map<number, number>();
  const listeners = new Map<number, number>();
  const pushed = new Map<number, { sequences: number[]; level: number }>();
  let events: MixEvents | undefined;
  let opened = 0;
  const host: MixHost = {
    open(told) {
      events = told;
      opened++;
      return {
        addInput: (number, participant) => inputs.set(number, participant),
        removeInput: number => inputs.delete(number),
        addListener: (number, participant) => listeners.set(number, participant),
        removeListener: number => listeners.delete(number),
        push(number, _codec, sequence, _timestamp, level) {
          const known = pushed.get(number);
          pushed.set(number, { sequences: [...(known?.sequences ?? []), sequence], level });
        },
        close() {
          inputs.clear();
          listeners.clear();
        },
      };
    },
    drain() {},
    counters: () => ({}),
  };
  return { host, inputs, listeners, pushed, events: () => events!, opened: () => opened };
}

/** A room of three whose first guest may hear the mix, and a mixer that sends a stream every 20 ms. */
function setUp() {
  const room = open(PAIRS, PAIRS, PAIRS);
  const { sim, harness, present } = room;
  const model = createModelHost();
  const mix = createRoomMix(harness.router, model.host);
  const packet = Buffer.of(0xf8, 0xff, 0xfe);
  let ticks = 0;
  let streams: number[] = [];
  sim.every(20, () => {
    mix.tick(sim.now);
    ticks++;
    for (const stream of streams) model.events().packet(stream, ticks * 960, packet, 0, 3, sim.now, 20);
  });
  sim.run(1_000);
  return {
    ...room,
    ...model,
    mix,
    guest: present[0]!,
    /** What the mixer sends from now on. */
    flow(...numbers: number[]) {
      streams = numbers;
    },
    /** Assigns a stream to whoever listens for a participant. */
    assign(participant: number, stream: number) {
      for (const [listener, of] of model.listeners) {
        if (of === participant) model.events().assigned(listener, stream, sim.now);
      }
    },
  };
}

const shows = (guest: Guest) => ({ audio: live(guest, "audio"), video: live(guest, "video").length });

describe("a room's mix", () => {
  it("isn't made while nobody wants it", () => {
    const { opened, pushed } = setUp();
    expect(opened()).toBe(0);
    expect(pushed.size).toBe(0);
  });

  it("goes into one slot of who wants it, and one picture with it; others keep their sources", () => {
    const { sim, guest, present, inputs, listeners, pushed, assign, flow } = setUp();
    guest.receiver.setMixed(true);
    sim.run(100);
    expect([...inputs]).toEqual([
      [16, 1],
      [32, 2],
      [48, 3],
    ]);
    expect([...listeners.values()]).toEqual([1]);
    expect(pushed.get(32)).toMatchObject({ level: 30, sequences: expect.arrayContaining([expect.any(Number)]) });
    // Until the mix is there, what was heard goes on.
    expect(shows(guest)).toEqual({ audio: [32, 48], video: 2 });
    assign(1, 1);
    expect(shows(guest).audio).toEqual([32, 48]);
    flow(1);
    sim.run(500);
    expect(shows(guest)).toEqual({ audio: [MIX_SOURCE], video: 1 });
    expect(shows(present[1]!)).toEqual({ audio: [16, 48], video: 2 });
    guest.receiver.setMixed(undefined);
    sim.run(500);
    expect(shows(guest)).toEqual({ audio: expect.arrayContaining([32, 48]), video: 2 });
    expect(inputs.size).toBe(0);
  });

  it("is everybody's in a room that is mixed, but for who wants sources", () => {
    const { sim, harness, present, assign, flow, listeners } = setUp();
    harness.router.mixed = true;
    present[2]!.receiver.setMixed(false);
    sim.run(100);
    expect([...listeners.values()]).toEqual([1, 2]);
    assign(1, 1);
    assign(2, 2);
    flow(1, 2);
    sim.run(500);
    expect(present.map(guest => shows(guest).audio)).toEqual([
      [MIX_SOURCE],
      [MIX_SOURCE],
      expect.arrayContaining([16, 32]),
    ]);
  });

  it("goes on in the same slot when another stream is the listener's", () => {
    const { sim, guest, assign, flow } = setUp();
    guest.receiver.setMixed(true);
    sim.run(100);
    assign(1, 1);
    flow(1, 2);
    sim.run(500);
    const slot = guest.slots.find(({ feed }) => feed?.sourceNumber === MIX_SOURCE)!;
    const { feed } = slot;
    assign(1, 2);
    sim.run(100);
    expect(slot.feed).not.toBe(feed);
    expect(slot.feed?.sourceNumber).toBe(MIX_SOURCE);
    expect(shows(guest).audio).toEqual([MIX_SOURCE]);
  });

  it("hears only who is neither muted nor gone", () => {
    const { sim, harness, guest, present, inputs } = setUp();
    guest.receiver.setMixed(true);
    sim.run(100);
    setMuted({ harness, sim }, present[1]!, "mic", true);
    present[2]!.leave();
    sim.run(100);
    expect([...inputs.keys()]).toEqual([16]);
    setMuted({ harness, sim }, present[1]!, "mic", false);
    sim.run(100);
    expect([...inputs.keys()]).toEqual([16, 32]);
  });

  it("gives way to sources when the mixer is gone, and comes back with another", () => {
    const { sim, guest, events, opened, assign, flow } = setUp();
    guest.receiver.setMixed(true);
    sim.run(100);
    assign(1, 1);
    flow(1);
    sim.run(500);
    flow();
    events().lost(sim.now);
    expect(opened()).toBe(1);
    sim.run(60);
    expect(shows(guest).audio).toEqual(expect.arrayContaining([32, 48]));
    expect(opened()).toBe(2);
    assign(1, 5);
    flow(5);
    sim.run(100);
    expect(shows(guest).audio).toEqual([MIX_SOURCE]);
  });

  it("is not for who has no grant for it", () => {
    const { sim, guest, listeners } = setUp();
    guest.receiver.setKinds(new Set(["mic", "camera"]), sim.now);
    guest.receiver.setMixed(true);
    sim.run(100);
    expect(listeners.size).toBe(0);
  });

  it("ends with its room, once", () => {
    const { sim, guest, mix, inputs } = setUp();
    guest.receiver.setMixed(true);
    sim.run(100);
    mix.close(sim.now);
    mix.close(sim.now);
    mix.tick(sim.now);
    expect(inputs.size).toBe(0);
  });
});
