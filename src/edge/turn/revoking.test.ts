import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askApi, type Joined, join, uniqueRoom } from "../testing/client.ts";
import { createTestFleet } from "../testing/fleet.ts";
import type { TestNode } from "../testing/node.ts";
import { advance, pass, ring, stubOf } from "../testing/time.ts";

const fleet = createTestFleet("revoking");
afterEach(async () => {
  vi.useRealTimers();
  await fleet.clear();
});

const turn = ["turn:192.0.2.1:3478"];
const nameOf = ({ welcome }: Joined): string[] => welcome.iceServers[0]?.username?.split(":") ?? [];
/** What a node should be told of somebody who went. */
const revocationOf = (client: Joined) => {
  const [until, , identity] = nameOf(client);
  return { type: "turn.revoke", identity, until: Number(until) };
};
const revocations = ({ commands }: TestNode) => commands.filter(({ type }) => type === "turn.revoke");
const rowsOf = (room: string) =>
  runInDurableObject(stubOf(room), (_, { storage }) => storage.sql.exec("SELECT * FROM relays").toArray());

describe("whoever goes loses its relays", () => {
  it("removed by a moderator", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const [ada, bob] = [await join(room, "ada"), await join(room, "bob")];
    await ada.ask("moderate.remove", { pid: bob.pid });
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(bob));
    expect(revocations(node)).toHaveLength(1);
    await vi.waitFor(async () => expect(await rowsOf(room)).toMatchObject([{ pid: ada.pid }]));
  });

  it("removed by a back end", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    await askApi("DELETE", `/v1/rooms/${room}/participants/${ada.pid}`);
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(ada));
  });

  it("by leaving, and by being replaced", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const [ada, bob] = [await join(room, "ada"), await join(room, "bob")];
    await ada.ask("leave");
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(ada));
    const again = await join(room, "bob");
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(bob));
    expect(nameOf(again)[2]).not.toBe(nameOf(bob)[2]);
  });

  it("when its grace is over, and not before", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const [ada, bob] = [await join(room, "ada"), await join(room, "bob")];
    bob.close();
    await ada.next("participant.updated");
    expect(revocations(node)).toEqual([]);
    await advance(room, 16_000);
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(bob));
  });

  it("with the room: everybody, on every node that they were given", async () => {
    const nodes = [await fleet.link({ turn }), await fleet.link({ turn: ["turn:192.0.2.2:3478"] })];
    const room = uniqueRoom();
    const people = [await join(room, "ada"), await join(room, "bob")];
    await askApi("DELETE", `/v1/rooms/${room}`);
    for (const node of nodes) {
      const told = [await node.next("turn.revoke"), await node.next("turn.revoke")];
      expect(told).toEqual(expect.arrayContaining(people.map(who => expect.objectContaining(revocationOf(who)))));
    }
  });

  it("though the room has slept since, and its credentials have expired", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const [ada, bob] = [await join(room, "ada"), await join(room, "bob")];
    await evictDurableObject(stubOf(room));
    pass(3 * 3_600_000);
    await ada.ask("moderate.remove", { pid: bob.pid });
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(bob));
  });
});

describe("a node that was away", () => {
  it("is told when it comes back, and again whenever it comes, until the credentials have expired", async () => {
    const node = await fleet.link({ turn });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    await fleet.unlink(node);
    await ada.ask("leave");
    await vi.waitFor(async () => expect(await rowsOf(room)).toEqual([]));
    const back = await fleet.relink(node, { turn });
    expect(await back.next("turn.revoke")).toMatchObject(revocationOf(ada));
    await fleet.unlink(back);
    const again = await fleet.relink(node, { turn });
    expect(await again.next("turn.revoke")).toMatchObject(revocationOf(ada));
    await fleet.unlink(again);
    pass(601_000);
    const late = await fleet.relink(node, { turn });
    expect(revocations(late)).toEqual([]);
  });

  it("is told even after they have expired, for relays last longer; but not after a day", async () => {
    const [node, other] = [await fleet.link({ turn }), await fleet.link({ turn: ["turn:192.0.2.2:3478"] })];
    const ada = await join(uniqueRoom(), "ada");
    await fleet.unlink(node);
    await fleet.unlink(other);
    await ada.ask("leave");
    await ring(ada.room);
    pass(20 * 3_600_000);
    const back = await fleet.relink(node, { turn });
    expect(await back.next("turn.revoke")).toMatchObject(revocationOf(ada));
    pass(5 * 3_600_000);
    const late = await fleet.relink(other, { turn });
    expect(revocations(late)).toEqual([]);
  });

  it("is told again with its next report where it did not take it", async () => {
    const node = await fleet.link({ turn });
    const ada = await join(uniqueRoom(), "ada");
    node.manner = "refuse";
    await ada.ask("leave");
    await node.next("turn.revoke");
    node.manner = "answer";
    node.send({ type: "load", load: 0, rooms: 0, sessions: 0, draining: false });
    expect(await node.next("turn.revoke")).toMatchObject(revocationOf(ada));
    await vi.waitFor(() =>
      runInDurableObject(env.MEDIA_NODE.getByName(node.id), (_, { storage }) =>
        expect(storage.sql.exec("SELECT told FROM revocations").toArray()).toEqual([{ told: 1 }]),
      ),
    );
  });
});

describe("a room's database", () => {
  it("is empty in the end, and not before the nodes know", async () => {
    await fleet.link({ turn });
    const room = uniqueRoom();
    pass(0);
    const ada = await join(room, "ada");
    await ada.ask("leave");
    await advance(room, 300_000);
    await advance(room, 86_400_000);
    await advance(room, 1_000);
    await runInDurableObject(stubOf(room), (_, { storage }) =>
      expect(storage.sql.exec("SELECT name FROM sqlite_master WHERE name = '_schema'").toArray()).toEqual([]),
    );
  });
});
