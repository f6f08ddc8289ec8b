import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { ERRORS } from "../../protocol/errors.ts";
import { askApi, type Frame, type Joined, join, uniqueRoom } from "../testing/client.ts";
import { linkNode, nodeToken, openLink, type TestNode } from "../testing/node.ts";
import { advance, ring } from "../testing/time.ts";
import { joinToken } from "../testing/tokens.ts";

/** Awaited, never expected: nothing here is about speed. */
const SOON = { timeout: 20_000, interval: 20 };

const live: TestNode[] = [];
let nodes = 0;

/** A node for this test alone: the fleet is one for all, so it goes afterwards. */
async function node(options: Parameters<typeof linkNode>[1] = {}): Promise<TestNode> {
  const linked = await linkNode(`node-${++nodes}`, options);
  live.push(linked);
  return linked;
}

async function unlink(gone: TestNode): Promise<void> {
  gone.close();
  await gone.closed;
  await vi.waitFor(async () => {
    const known = await env.FLEET.getByName("fleet").list();
    expect(known.find(({ id }) => id === gone.id)?.linked).toBe(false);
  }, SOON);
}

afterEach(async () => {
  vi.useRealTimers();
  for (const linked of live.splice(0)) await unlink(linked);
});

const topology = (current: string) => (frame: Frame) =>
  frame.type === "topology.changed" && frame.topology.current === current;

/** A room of three, carried by a node. */
async function carried(room = uniqueRoom()): Promise<{ room: string; people: Joined[]; epoch: number }> {
  const people: Joined[] = [];
  for (const identity of ["ada", "bob", "cyd"]) people.push(await join(room, identity));
  await ring(room);
  const frame = await people[0]?.next(topology("sfu"));
  return { room, people, epoch: frame?.topology.epoch };
}

describe("a media node's link", () => {
  it.each<[string, () => Promise<string>, keyof typeof ERRORS]>([
    ["of an unknown key", () => nodeToken("node", "other"), "token-invalid"],
    ["forged", () => nodeToken("node", "node", "another secret that is as long as the right one"), "token-invalid"],
    ["for a node that is not of its key", () => nodeToken("elsewhere"), "token-invalid"],
    ["that is a join token", () => joinToken({ room: "r", identity: "node" }), "token-invalid"],
  ])("is refused with a token %s", async (_what, token, code) => {
    const socket = await openLink(await token());
    const close = new Promise<number>(resolve => socket.addEventListener("close", event => resolve(event.code)));
    socket.accept();
    expect(await close).toBe(ERRORS[code].close);
  });

  it("shows the node to the operator, until it is gone", async () => {
    const { id } = await node({ region: "weur" });
    const list = async () => ((await (await askApi("GET", "/v1/nodes")).json()) as { nodes: { id: string }[] }).nodes;
    expect((await list()).find(known => known.id === id)).toMatchObject({
      region: "weur",
      linked: true,
      capacity: 10,
      draining: false,
    });
    const [gone] = live.splice(0);
    if (gone) await unlink(gone);
    expect((await list()).find(known => known.id === id)).toMatchObject({ linked: false });
  });

  it("belongs to the newest process of that id", async () => {
    const older = await node();
    const newer = await linkNode(older.id);
    live.push(newer);
    expect(await older.closed).toBe(ERRORS.replaced.close);
    live.shift();
  });

  it("closes on nonsense and ignores what a newer node may say", async () => {
    const linked = await node();
    linked.send({ type: "news" } as never);
    linked.send({ type: "load", load: 7, rooms: 0, sessions: 0, draining: false });
    expect(await linked.closed).toBe(ERRORS["bad-frame"].close);
    live.pop();
  });
});

describe("a room", () => {
  it("is carried by a node from its third participant on, and the node is told of everybody", async () => {
    const linked = await node();
    const { people, epoch } = await carried();
    expect(epoch).toBe(1);
    const opened = linked.commands.find(command => command.type === "room.open");
    expect(opened).toMatchObject({
      epoch,
      participants: people.map(({ pid }, index) => ({ pid, number: index + 1, sources: [] })),
    });

    await people[0]?.ask("source.publish", { kind: "mic" });
    await vi.waitFor(
      () =>
        // Not the very last: the node may be told of the whole room once more meanwhile.
        expect(linked.commands.findLast(({ type }) => type === "participant.put")).toMatchObject({
          participant: { pid: people[0]?.pid, sources: [{ number: 16, kind: "mic", muted: false }] },
        }),
      SOON,
    );
    await people[1]?.ask("leave");
    await vi.waitFor(
      () =>
        expect(linked.commands).toContainEqual(
          expect.objectContaining({ type: "participant.remove", pid: people[1]?.pid }),
        ),
      SOON,
    );
  });

  it("is mixed by the same node as soon as its topology says so, and no longer than that", async () => {
    const linked = await node();
    const { room, people, epoch } = await carried();
    for (const [setting, current, mix] of [
      ["mcu", "mcu", true],
      ["sfu", "sfu", false],
    ] as const) {
      await askApi("PATCH", `/v1/rooms/${room}`, { topology: setting });
      await people[0]?.next(topology(current));
      await ring(room);
      await vi.waitFor(
        () => expect(linked.commands.findLast(({ type }) => type === "room.open")).toMatchObject({ epoch, mix }),
        SOON,
      );
    }
  });

  it("passes an offer to its node and the answer back, for the assignment that both mean", async () => {
    await node();
    const { people, epoch } = await carried();
    const offer = { sdp: "v=0" };
    expect(await people[0]?.ask("session.offer", { epoch, offer })).toMatchObject({
      type: "ok",
      result: { sdp: "answer to v=0" },
    });
    expect(await people[0]?.ask("session.offer", { epoch: epoch + 1, offer })).toMatchObject({
      type: "error",
      code: "wrong-state",
    });
  });

  it("goes back to mesh when it has been two for half a minute, and the node keeps carrying until people have moved", async () => {
    const linked = await node();
    const { room, people, epoch } = await carried();
    await people[2]?.ask("leave");
    await advance(room, 29_000);
    expect(people[0]?.frames.findLast(frame => frame.type === "topology.changed")?.topology).toMatchObject({
      current: "sfu",
      reason: "few",
    });
    await advance(room, 1_500);
    await people[0]?.settle();
    expect(people[0]?.frames.findLast(frame => frame.type === "topology.changed")?.topology.current).toBe("mesh");
    expect(linked.commands.some(({ type }) => type === "room.close")).toBe(false);
    await advance(room, 15_500);
    await vi.waitFor(() => expect(linked.commands.at(-1)).toMatchObject({ type: "room.close", epoch }), SOON);
  });

  it("waits for a node without asking for one, and takes the first that comes", async () => {
    const room = uniqueRoom();
    const people: Joined[] = [];
    for (const identity of ["ada", "bob", "cyd"]) people.push(await join(room, identity));
    await ring(room);
    await people[0]?.settle();
    expect(people[0]?.frames.some(topology("sfu"))).toBe(false);
    const linked = await node();
    await ring(room);
    await people[0]?.next(topology("sfu"));
    expect(linked.commands.some(({ type }) => type === "room.open")).toBe(true);
  });

  it("moves to another node when a participant hears nothing and the node does not answer a probe", async () => {
    const first = await node({ region: "weur" });
    const { room, people, epoch } = await carried();
    const second = await node();
    await people[0]?.ask("session.silent", { epoch });
    expect(first.commands.at(-1)?.type, "a node that answers keeps the room").toBe("probe");
    first.manner = "ignore";
    await advance(room, 1_000);
    await people[0]?.ask("session.silent", { epoch });
    await ring(room);
    const moved = await people[1]?.next(frame => topology("sfu")(frame) && frame.topology.epoch > epoch);
    expect(
      second.commands.some(command => command.type === "room.open" && command.epoch === moved?.topology.epoch),
    ).toBe(true);
    expect(
      people[1]?.frames.filter(frame => frame.type === "topology.changed" && frame.seq > 3).every(topology("sfu")),
    ).toBe(true);
  });

  it("moves when its node says that it lost it", async () => {
    const first = await node();
    const { room, people, epoch } = await carried();
    const second = await node();
    const { life } = people[0]?.welcome.room ?? { life: "" };
    first.send({ type: "lost", room, life, epoch });
    await vi.waitFor(async () => {
      await ring(room);
      expect(second.commands.some(({ type }) => type === "room.open")).toBe(true);
    }, SOON);
  });

  it("stays with a node whose link was lost for a while, which is told everything again", async () => {
    const first = await node();
    const { room, people, epoch } = await carried();
    const { life } = people[0]?.welcome.room ?? { life: "" };
    live.splice(0);
    await unlink(first);
    await people[2]?.ask("leave");
    const back = await linkNode(first.id, { inventory: [{ room, life, epoch, sessions: [] }] });
    live.push(back);
    expect(back.frames.find(({ type }) => type === "keep")?.rooms).toEqual([{ room, life, epoch }]);
    const opened = await back.next("room.open");
    expect(opened.participants.map(({ pid }: { pid: string }) => pid)).toEqual([people[0]?.pid, people[1]?.pid]);
  });

  it("is found lost when a node comes back without it, and a node that holds a room of no assignment lets go", async () => {
    const first = await node();
    const { room, people } = await carried();
    live.splice(0);
    await unlink(first);
    const stray = { room: uniqueRoom(), life: "lifelife", epoch: 3, sessions: [] };
    const back = await linkNode(first.id, { inventory: [stray] });
    live.push(back);
    expect(back.frames.find(({ type }) => type === "keep")?.rooms).toEqual([]);
    await vi.waitFor(async () => {
      await ring(room);
      expect(back.commands.some(command => command.type === "room.open" && command.room === room)).toBe(true);
    }, SOON);
    await people[0]?.next(frame => topology("sfu")(frame) && frame.topology.epoch === 2);
  });
});
