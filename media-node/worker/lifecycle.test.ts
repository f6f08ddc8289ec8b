import { describe, expect, it } from "vitest";
import { createWorld, participantOf, pidOf, ROOM } from "./testing/model-world.ts";

const open = async () => {
  const world = createWorld();
  await world.command({ type: "room.open", participants: [] });
  return world;
};

describe("a session", () => {
  it("is reported connected, silent after 8 s, connected again, and closed after 30 s", async () => {
    const world = await open();
    const client = await world.join(1);
    const frame = { type: "session", ...ROOM, pid: pidOf(1) };
    expect(world.reports).toEqual([{ ...frame, state: "connected" }]);
    client.freeze(true);
    world.run(7_500);
    expect(world.reports.length).toBe(1);
    world.run(1_000);
    expect(world.reports.at(-1)).toEqual({ ...frame, state: "silent" });
    client.freeze(false);
    world.run(1_000);
    expect(world.reports.at(-1)).toEqual({ ...frame, state: "connected" });
    client.freeze(true);
    world.run(31_000);
    expect(world.reports.slice(3).map(({ state }) => state)).toEqual(["silent", "closed"]);
    expect(world.worker.rooms()).toEqual([{ ...ROOM, sessions: [] }]);
    expect(world.port.held).toBe(0);
  });

  it("frees its sources when it ends", async () => {
    const world = await open();
    const a = await world.join(1);
    const b = await world.join(2);
    let sequence = 0;
    world.run(500, () => a.sendAudio(sequence++));
    await world.command({ type: "session.close", pid: pidOf(1) });
    world.run(200);
    const slots = b.messages.flatMap(message => (message.type === "slots" ? message.slots : []));
    expect(slots.some(({ source }) => source === 16)).toBe(true);
    expect(slots.at(-1)).toMatchObject({ source: 0, state: "empty" });
  });

  it("that never connects is closed after 30 s", async () => {
    const world = await open();
    await world.command({ type: "participant.put", participant: participantOf(1) });
    await world.command({ type: "session.open", pid: pidOf(1), offer: world.client(1).offer() });
    world.run(31_000);
    expect(world.reports.map(({ state }) => state)).toEqual(["closed"]);
  });

  it("ends when the peer says close_notify", async () => {
    const world = await open();
    const client = await world.join(1);
    client.sendAlert(0);
    world.run(50);
    expect(world.reports.at(-1)).toMatchObject({ state: "closed" });
    expect(world.port.held).toBe(0);
  });

  it("follows the peer to another address once that has answered", async () => {
    const world = await open();
    const a = await world.join(1);
    const b = await world.join(2);
    let sequence = 0;
    const talk = (): void => a.sendAudio(sequence++);
    world.run(300, talk);
    b.move("203.0.113.9");
    world.run(5_000, talk);
    const before = b.packets.length;
    world.run(500, talk);
    expect(b.packets.length).toBeGreaterThan(before + 20);
  });
});

describe("offers", () => {
  it("get the same answer when they come again", async () => {
    const world = await open();
    const client = world.client(1);
    await world.command({ type: "participant.put", participant: participantOf(1) });
    const offer = client.offer();
    const first = await world.command({ type: "session.open", pid: pidOf(1), offer });
    const second = await world.command({ type: "session.open", pid: pidOf(1), offer });
    expect(second).toEqual(first);
    expect(world.count("session.opened")).toBe(1);
  });

  it("that add slots leave the others' numbers alone and feed the new ones", async () => {
    const world = await open();
    const viewer = await world.join(1, { slots: { video: 1, paired: 0, floating: 1 } });
    const others = [await world.join(2), await world.join(3)];
    let sequence = 0;
    const talk = (): void => {
      for (const client of others) client.sendVideo(sequence, sequence % 10 === 0);
      sequence++;
    };
    world.run(500, talk);
    const more = { video: 1, paired: 0, floating: 0 };
    const { answer } = await world.command({ type: "session.open", pid: pidOf(1), offer: viewer.offer(more) });
    const ssrcs = [...answer!.sdp.matchAll(/^a=ssrc-group:FID (\d+)/gm)].map(match => Number(match[1]));
    const seen = new Set(viewer.packets.map(({ ssrc }) => ssrc));
    expect(ssrcs.length).toBe(2);
    expect([...seen]).toEqual([ssrcs[0]]);
    world.run(1_000, talk);
    expect(new Set(viewer.packets.map(({ ssrc }) => ssrc))).toEqual(new Set(ssrcs));
    const numbers = viewer.packets.filter(({ ssrc }) => ssrc === ssrcs[0]).map(({ sequence }) => sequence);
    for (let i = 1; i < numbers.length; i++) expect(numbers[i]).toBe((numbers[i - 1]! + 1) & 0xffff);
  });

  it("that restart ICE change credentials and nothing else", async () => {
    const world = await open();
    const a = await world.join(1);
    const b = await world.join(2);
    let sequence = 0;
    const talk = (): void => a.sendAudio(sequence++);
    world.run(300, talk);
    b.restartIce();
    const { answer } = await world.command({ type: "session.open", pid: pidOf(2), offer: b.offer() });
    b.accept(answer!.sdp);
    world.run(1_000, talk);
    b.move("203.0.113.9");
    world.run(4_000, talk);
    const before = b.packets.length;
    world.run(500, talk);
    expect(b.packets.length).toBeGreaterThan(before + 20);
    expect(world.count("session.opened")).toBe(2);
    expect(world.count("session.connected")).toBe(2);
  });

  it("of another connection replace the participant's session", async () => {
    const world = await open();
    await world.join(1);
    const again = await world.join(1);
    expect(again.connected).toBe(true);
    expect(world.worker.rooms()).toEqual([{ ...ROOM, sessions: [pidOf(1)] }]);
    expect(world.reports.map(({ state }) => state)).toEqual(["connected", "connected"]);
    expect(world.port.held).toBe(1);
  });

  it("that can't be answered name the line and leave a running session alone", async () => {
    const world = await open();
    const client = await world.join(1);
    const sdp = client.offer().sdp.replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96 VP8/much");
    await expect(world.command({ type: "session.open", pid: pidOf(1), offer: { sdp } })).rejects.toMatchObject({
      code: "media-offer",
      detail: expect.stringMatching(/^line \d+: /),
    });
    const plan = { sources: { "1": 0 }, video: [], paired: [], floating: [] };
    const wrong = { sdp: client.offer().sdp, plan };
    await expect(world.command({ type: "session.open", pid: pidOf(1), offer: wrong })).rejects.toMatchObject({
      code: "media-offer",
      detail: expect.stringMatching(/^line \d+: the plan wants audio/),
    });
    expect(world.worker.rooms()[0]!.sessions).toEqual([pidOf(1)]);
  });

  it("may come before their participant, but not long before", async () => {
    const world = await open();
    const offer = world.client(1).offer();
    const early = world.command({ type: "session.open", pid: pidOf(1), offer });
    world.run(500);
    await world.command({ type: "participant.put", participant: participantOf(1) });
    expect((await early).answer?.sdp).toMatch(/^v=0/);
    const lost = expect(world.command({ type: "session.open", pid: pidOf(2), offer })).rejects.toMatchObject({
      code: "no-such-participant",
    });
    world.run(2_500);
    await lost;
  });
});

describe("assignments", () => {
  it("may be opened twice; the second tells who is left", async () => {
    const world = await open();
    await world.join(1);
    await world.join(2);
    await world.command({ type: "room.open", participants: [participantOf(1)] });
    expect(world.worker.rooms()).toEqual([{ ...ROOM, sessions: [pidOf(1)] }]);
  });

  it("of a newer epoch or another life end the older, and an older one is refused", async () => {
    const world = await open();
    await world.join(1);
    await world.command({ type: "room.open", participants: [], epoch: 3 });
    expect(world.worker.rooms()).toEqual([{ ...ROOM, epoch: 3, sessions: [] }]);
    await expect(world.command({ type: "probe", epoch: 2 })).rejects.toMatchObject({ code: "wrong-state" });
    await expect(world.command({ type: "probe", epoch: 4 })).rejects.toMatchObject({ code: "no-such-room" });
    expect(world.worker.rooms()).toEqual([]);
    await world.command({ type: "room.open", participants: [] });
    await world.command({ type: "room.open", participants: [], life: "otherlife" });
    expect(world.worker.rooms()).toEqual([{ ...ROOM, life: "otherlife", sessions: [] }]);
  });

  it("are closed once, and closing twice or another is no fault", async () => {
    const world = await open();
    await world.join(1);
    await world.command({ type: "room.close", life: "otherlife" });
    expect(world.worker.rooms().length).toBe(1);
    await world.command({ type: "room.close" });
    await world.command({ type: "room.close" });
    expect(world.worker.busy).toBe(false);
    await expect(world.command({ type: "probe" })).rejects.toMatchObject({ code: "no-such-room" });
  });

  it("answer a probe, and let a participant go together with its session", async () => {
    const world = await open();
    await world.join(1);
    await world.command({ type: "probe" });
    await world.command({ type: "participant.remove", pid: pidOf(1) });
    await world.command({ type: "participant.remove", pid: pidOf(1) });
    expect(world.worker.rooms()).toEqual([{ ...ROOM, sessions: [] }]);
    expect(world.port.held).toBe(0);
  });
});
