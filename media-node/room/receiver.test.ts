import { describe, expect, it } from "vitest";
import { createNetsim } from "../testing/netsim.ts";
import { createRoomHarness } from "../testing/room-harness.ts";
import { live, open, PAIRS, PATH, setMuted, shown } from "../testing/room-kit.ts";
import { createTestSlot } from "../testing/stream-kit.ts";
import type { SlotChange } from "./receiver-types.ts";
import { createRouter } from "./router.ts";
import { SOURCE_KINDS, type SourceKind } from "./source.ts";

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
