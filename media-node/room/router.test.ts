import { describe, expect, it } from "vitest";
import { createNetsim, type Netsim } from "../testing/netsim.ts";
import { createNumberRules } from "../testing/number-rules.ts";
import { createRoomHarness, type Guest, type GuestOptions, type RoomHarness } from "../testing/room-harness.ts";
import { createTestSlot } from "../testing/stream-kit.ts";
import type { SlotChange } from "./receiver-types.ts";
import { createRouter } from "./router.ts";
import { SOURCE_KINDS, type SourceKind } from "./source.ts";

const PATH = { uplink: { delay: 20 }, downlink: { delay: 20 } };

function open(...guests: Omit<GuestOptions, "participant">[]) {
  const sim = createNetsim(3);
  const harness = createRoomHarness(sim);
  const present = guests.map((options, i) => harness.join({ participant: i + 1, ...PATH, ...options }));
  return { sim, harness, present };
}

/** Slot number → what its client was told last. */
function shown(guest: Guest): Map<number, SlotChange> {
  return new Map(guest.changes.map(change => [change.slot, change]));
}

/** Source numbers of a guest's live slots of a medium, in slot order. */
function live(guest: Guest, media: "audio" | "video"): number[] {
  const told = shown(guest);
  return guest.slots.flatMap((slot, i) => {
    const change = told.get(i);
    return slot.media === media && change?.state === "live" ? [change.source] : [];
  });
}

function setMuted(
  { harness, sim }: { harness: RoomHarness; sim: Netsim },
  guest: Guest,
  kind: SourceKind,
  muted: boolean,
) {
  const source = guest.sources.find(candidate => candidate.kind === kind)!;
  harness.router.setMuted(source, muted, sim.now);
  return source;
}

const PAIRS = { pairs: 3, floating: 1 };

describe("a room", () => {
  it("lets everybody see and hear everybody within a second", () => {
    const { sim, present } = open(PAIRS, PAIRS, PAIRS, PAIRS);
    sim.run(1_000);
    for (const guest of present) {
      const others = present.filter(other => other !== guest).map(other => other.participant * 16);
      expect(live(guest, "video").sort()).toEqual(others.map(number => number + 1).sort());
      expect(live(guest, "audio").sort()).toEqual(others.sort());
    }
  });

  it("puts a voice beside its face", () => {
    const { sim, present } = open(PAIRS, PAIRS, PAIRS);
    sim.run(1_000);
    const told = shown(present[0]!);
    for (const slot of [0, 2]) expect(told.get(slot + 1)!.source).toBe(told.get(slot)!.source - 1);
  });

  it("asks a publisher for one key frame however many join at once", () => {
    const { sim, harness, present } = open({});
    sim.run(1_000);
    const [camera] = present[0]!.publisher.streams.filter(({ options }) => options.media === "video");
    for (let i = 0; i < 8; i++) harness.join({ participant: 10 + i, fps: 0, mic: false, ...PATH, ...PAIRS });
    sim.run(150);
    expect(camera!.keyFramesAsked).toBe(1);
    sim.run(2_000);
    expect(camera!.keyFramesAsked).toBe(1);
  });

  it("keeps everybody's seat when somebody leaves and somebody comes", () => {
    const { sim, harness, present } = open(PAIRS, PAIRS, PAIRS, PAIRS);
    sim.run(1_000);
    const before = live(present[0]!, "video");
    present[2]!.leave();
    harness.join({ participant: 9, ...PATH, ...PAIRS });
    sim.run(1_000);
    const after = live(present[0]!, "video");
    const place = before.indexOf(3 * 16 + 1);
    expect(after).toEqual(before.with(place, 9 * 16 + 1));
  });

  it("frees the seats of a publisher that is gone, and forgets its packets", () => {
    const { sim, present } = open(PAIRS, PAIRS);
    sim.run(1_000);
    const source = present[1]!.sources[1]!;
    expect(source.layers[0]!.ring.packets).toBeGreaterThan(1);
    present[1]!.leave();
    expect([...shown(present[0]!).values()].every(({ state, source }) => state === "empty" && source === 0)).toBe(true);
    expect(source.layers[0]!.ring.packets).toBe(1);
  });

  it("gives a publisher that comes back its old seat", () => {
    const { sim, harness, present } = open(PAIRS, PAIRS, PAIRS, PAIRS);
    sim.run(1_000);
    const before = live(present[0]!, "video");
    const again = { participant: 2, ...PATH, ...PAIRS };
    present[1]!.publisher.stop();
    harness.join(again);
    sim.run(1_000);
    expect(live(present[0]!, "video")).toEqual(before);
  });

  it("feeds nobody a muted source, says so, and goes on with a key frame", () => {
    const room = open(PAIRS, PAIRS);
    const { sim, present } = room;
    sim.run(1_000);
    const source = setMuted(room, present[1]!, "camera", true);
    sim.run(100);
    expect(shown(present[0]!).get(0)).toEqual({ slot: 0, source: source.number, state: "muted" });
    const sent = present[0]!.slots[0]!.packets;
    sim.run(1_000);
    expect(present[0]!.slots[0]!.packets).toBe(sent);
    setMuted(room, present[1]!, "camera", false);
    expect(shown(present[0]!).get(0)!.state).toBe("waiting-key-frame");
    sim.run(200);
    expect(shown(present[0]!).get(0)!.state).toBe("live");
  });

  it("keeps the number rules through all of that", () => {
    const sim = createNetsim(5);
    const rules = createNumberRules(sim);
    const harness = createRoomHarness(sim, rules);
    const present = [1, 2, 3].map(participant => harness.join({ participant, ...PATH, ...PAIRS }));
    sim.run(1_000);
    const room = { sim, harness };
    for (const kind of ["camera", "mic"] as const) {
      setMuted(room, present[1]!, kind, true);
      sim.run(300);
      setMuted(room, present[1]!, kind, false);
      sim.run(300);
    }
    present[0]!.receiver.setPins([33], sim.now);
    present[0]!.receiver.setWishes([{ source: 33, width: 1, height: 1, priority: 1 }], sim.now);
    sim.run(500);
    present[2]!.leave();
    sim.run(500);
    expect(rules.violations()).toEqual([]);
    expect(rules.seen.switches).toBeGreaterThanOrEqual(4);
  });
});

describe("a receiver", () => {
  it("sees what it wishes for, and nothing else", () => {
    const { sim, present } = open(PAIRS, PAIRS, PAIRS);
    sim.run(1_000);
    present[0]!.receiver.setWishes([{ source: 49, width: 640, height: 360, priority: 1 }], sim.now);
    sim.run(500);
    expect(live(present[0]!, "video")).toEqual([49]);
    present[0]!.receiver.setWishes(undefined, sim.now);
    sim.run(500);
    expect(live(present[0]!, "video").sort()).toEqual([33, 49]);
  });

  it("sees whom it pinned when there are more cameras than slots, and who speaks", () => {
    const one = { pairs: 1, floating: 2 };
    const { sim, present } = open(one, one, one, one);
    for (const guest of present) for (const stream of guest.publisher.streams) stream.level = 100;
    sim.run(1_000);
    present[0]!.receiver.setPins([49], sim.now);
    sim.run(500);
    expect(live(present[0]!, "video")).toEqual([49]);
    present[0]!.receiver.setPins([], sim.now);
    present[3]!.publisher.streams[0]!.level = 20;
    sim.run(1_500);
    expect(live(present[0]!, "video")).toEqual([65]);
    expect(present[0]!.speakers.at(-1)).toEqual([4]);
  });

  it("hears a voice together with its face, also through a switch", () => {
    const sim = createNetsim(3);
    const begun: { at: number; source: number }[] = [];
    const harness = createRoomHarness(sim, {
      changed: ({ participant }, { source, state }) => {
        if (participant === 1 && state === "live") begun.push({ at: sim.now, source });
      },
    });
    const present = [1, 2, 3].map(participant => harness.join({ participant, ...PATH, pairs: 1 }));
    sim.run(1_000);
    const other = live(present[0]!, "video")[0] === 33 ? 49 : 33;
    begun.length = 0;
    present[0]!.receiver.setPins([other], sim.now);
    sim.run(1_000);
    expect(begun.map(({ source }) => source)).toEqual([other, other - 1]);
    // The voice's next packet: they come every 20 ms.
    expect(begun[1]!.at - begun[0]!.at).toBeLessThanOrEqual(20);
  });

  describe("shown another source that doesn't begin", () => {
    function stuck() {
      const room = open({ pairs: 1 }, {}, {});
      const { sim, present } = room;
      sim.run(1_000);
      const [viewer] = present;
      const shows = live(viewer!, "video")[0]!;
      const [old, next] = shows === 33 ? [present[1]!, present[2]!] : [present[2]!, present[1]!];
      for (const stream of next.publisher.streams) stream.active = false;
      sim.run(1_000);
      viewer!.receiver.setPins([next.participant * 16 + 1], sim.now);
      return { ...room, viewer: viewer!, old, next };
    }

    it("goes on with the old picture, but not for ever", () => {
      const { sim, viewer, old, next } = stuck();
      sim.run(1_500);
      expect(live(viewer, "video")).toEqual([old.participant * 16 + 1]);
      sim.run(1_000);
      expect(shown(viewer).get(0)).toEqual({ slot: 0, source: next.participant * 16 + 1, state: "waiting-key-frame" });
    });

    it("drops the old picture at once when that may not be shown any more", () => {
      const room = stuck();
      room.sim.run(100);
      setMuted(room, room.old, "camera", true);
      const sent = room.viewer.slots[0]!.packets;
      expect(shown(room.viewer).get(0)!.state).toBe("waiting-key-frame");
      room.sim.run(500);
      expect(room.viewer.slots[0]!.packets).toBe(sent);
    });
  });

  it("never hears an old voice beside a new face", () => {
    const { sim, present } = open({ pairs: 1 }, {}, {});
    sim.run(1_000);
    const [viewer] = present;
    const other = live(viewer!, "video")[0] === 33 ? 3 : 2;
    const mic = present[other - 1]!.publisher.streams[0]!;
    mic.active = false;
    sim.run(200);
    viewer!.receiver.setPins([other * 16 + 1], sim.now);
    sim.run(500);
    expect(live(viewer!, "video")).toEqual([other * 16 + 1]);
    expect(shown(viewer!).get(1)).toEqual({ slot: 1, source: 0, state: "empty" });
    mic.active = true;
    sim.run(100);
    expect(live(viewer!, "audio")).toEqual([other * 16]);
  });

  it("hears the loudest of those it doesn't see", () => {
    const { sim, present } = open({ floating: 2 }, { fps: 0 }, { fps: 0 }, { fps: 0 }, { fps: 0 });
    const levels = (...all: number[]) => {
      for (const [i, level] of all.entries()) present[i + 1]!.publisher.streams[0]!.level = level;
    };
    levels(30, 35, 100, 100);
    sim.run(1_500);
    expect(live(present[0]!, "audio").sort()).toEqual([32, 48]);
    levels(30, 100, 100, 35);
    sim.run(1_500);
    expect(live(present[0]!, "audio").sort()).toEqual([32, 80]);
  });

  it("gets only the kinds it was granted, and is told why not others", () => {
    const { sim, present } = open(PAIRS, PAIRS);
    sim.run(500);
    const { receiver } = present[0]!;
    receiver.setKinds(new Set<SourceKind>(["mic"]), sim.now);
    expect(shown(present[0]!).get(0)).toEqual({ slot: 0, source: 33, state: "no-grant" });
    sim.run(300);
    expect(live(present[0]!, "audio")).toEqual([32]);
    receiver.setKinds(new Set(SOURCE_KINDS), sim.now);
    sim.run(300);
    expect(live(present[0]!, "video")).toEqual([33]);
  });

  it("gets nothing of what a publisher may not send", () => {
    const { sim, harness, present } = open(PAIRS, PAIRS);
    sim.run(500);
    harness.router.setPublishKinds(2, new Set<SourceKind>(["mic"]), sim.now);
    sim.run(100);
    const sent = present[0]!.slots[0]!.packets;
    expect(shown(present[0]!).get(0)!.state).toBe("no-grant");
    sim.run(500);
    expect(present[0]!.slots[0]!.packets).toBe(sent);
    expect(live(present[0]!, "audio")).toEqual([32]);
  });

  it("is told of a codec it lacks instead of seeing black", () => {
    const router = createRouter();
    const { slot } = createTestSlot("video", { formats: [{ codec: "h264", payloadType: 102 }] });
    const changes: SlotChange[] = [];
    const { sim, present } = open({});
    router.addReceiver(
      {
        participant: 9,
        slots: [{ slot: 4, sink: slot }],
        kinds: new Set(SOURCE_KINDS),
        listener: { slotChanged: change => changes.push(change), speakersChanged: () => {} },
      },
      sim.now,
    );
    router.addSource(present[0]!.sources[1]!, sim.now);
    expect(changes).toEqual([{ slot: 4, source: 17, state: "unsupported-codec" }]);
  });

  it("gets further slots with a re-offer, the others running on", () => {
    const { sim, present } = open({ pairs: 1 }, {}, {});
    sim.run(1_000);
    const [viewer] = present;
    expect(live(viewer!, "video").length).toBe(1);
    const { slot } = createTestSlot("video");
    viewer!.receiver.addSlots([{ slot: 9, sink: slot }], sim.now);
    sim.run(500);
    expect(slot.live).toBe(true);
    expect(viewer!.changes.filter(change => change.slot === 0 && change.state === "live").length).toBe(1);
  });

  it("takes the top layer, the next when that stops, and the top again when it is back", () => {
    const { sim, present } = open({ pairs: 1 }, { layers: 3 });
    sim.run(1_500);
    const slot = present[0]!.slots[0]!;
    expect(slot.feed?.order).toBe(2);
    const top = present[1]!.publisher.streams.find(({ options }) => options.layer === 2)!;
    top.active = false;
    sim.run(1_500);
    expect(slot.feed?.order).toBe(1);
    expect(slot.live).toBe(true);
    top.active = true;
    sim.run(1_500);
    expect(slot.feed?.order).toBe(2);
    expect(present[0]!.changes.filter(change => change.slot === 0 && change.state === "live").length).toBe(1);
  });

  it("with little bandwidth gets lower layers and fewer pictures, which others don't notice", () => {
    const budget = { bitsPerSecond: Number.POSITIVE_INFINITY };
    const { sim, harness, present } = open({ ...PAIRS, budget }, { ...PAIRS, layers: 3 }, PAIRS, PAIRS);
    sim.run(2_000);
    expect(live(present[0]!, "video").length).toBe(3);
    expect(harness.router.publishCeiling(2)).toBe(4_000_000);
    budget.bitsPerSecond = 500_000;
    sim.run(1_000);
    const states = [...shown(present[0]!).values()].map(({ state }) => state);
    expect(states.filter(state => state === "no-bandwidth").length).toBeGreaterThanOrEqual(1);
    expect(live(present[0]!, "video").length).toBeGreaterThanOrEqual(1);
    expect(live(present[0]!, "audio").length).toBe(3);
    expect(live(present[2]!, "video").length).toBe(3);
    expect(harness.router.publishCeiling(2)).toBe(4_000_000);
    budget.bitsPerSecond = Number.POSITIVE_INFINITY;
    sim.run(1_000);
    expect(live(present[0]!, "video").length).toBe(3);
  });

  it("alone with a slow path lowers what the publisher is told", () => {
    const budget = { bitsPerSecond: 700_000 };
    const { sim, harness } = open({ ...PAIRS, budget }, PAIRS);
    sim.run(500);
    expect(harness.router.publishCeiling(2)).toBe(700_000);
    expect(harness.router.publishCeiling(77)).toBe(0);
  });

  it("that comes while somebody speaks is told at once", () => {
    const { sim, harness } = open({ fps: 0 }, { fps: 0 });
    sim.run(1_500);
    const late = harness.join({ participant: 9, ...PATH, floating: 1 });
    expect(late.speakers.length).toBe(1);
  });

  it("that is dead slows nobody: what it can't take is dropped at its own path", () => {
    const { sim, present } = open(PAIRS, PAIRS, PAIRS);
    present[2]!.outbound.writer.path = -1;
    sim.run(1_000);
    expect(present[2]!.outbound.writer.dropped).toBeGreaterThan(50);
    expect(live(present[0]!, "video").length).toBe(2);
  });
});

describe("a router", () => {
  it("closes once, and with it its sources and slots", () => {
    const { sim, harness, present } = open(PAIRS, PAIRS);
    sim.run(500);
    harness.router.close(sim.now);
    harness.router.close(sim.now);
    const sent = present[0]!.outbound.writer.packets;
    sim.run(500);
    expect(present[0]!.outbound.writer.packets).toBe(sent);
    expect(present[0]!.slots.every(slot => slot.feed === undefined)).toBe(true);
    expect(harness.router.sources.size).toBe(0);
  });

  it("describes its sources as plain data", () => {
    const { present } = open({ layers: 3 });
    const [, camera] = present[0]!.sources;
    const description = camera!.describe();
    expect(JSON.parse(JSON.stringify(description))).toEqual({
      number: 17,
      kind: "camera",
      media: "video",
      codec: "vp8",
      clockRate: 90_000,
      rids: ["q", "h", "f"],
    });
  });

  it("feeds any sink, not only slots of sessions, and none with what is muted", () => {
    const room = open({});
    const taken: number[] = [];
    const [mic] = room.present[0]!.sources;
    mic!.layers[0]!.addSink({ decide: (from, place) => taken.push(from.ring.length[place]!) });
    room.sim.run(500);
    expect(taken.length).toBeGreaterThan(20);
    setMuted(room, room.present[0]!, "mic", true);
    taken.length = 0;
    room.sim.run(500);
    expect(taken).toEqual([]);
  });
});
