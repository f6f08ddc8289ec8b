import { describe, expect, it } from "vitest";
import { createNetsim } from "../testing/netsim.ts";
import { createNumberRules } from "../testing/number-rules.ts";
import { createRoomHarness } from "../testing/room-harness.ts";
import { live, open, PAIRS, PATH, setMuted, shown } from "../testing/room-kit.ts";

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
