import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askApi, join, resume, uniqueRoom } from "../testing/client.ts";
import { advance, pass, stubOf } from "../testing/time.ts";

afterEach(() => vi.useRealTimers());

const isAway = (frame: { type: string; state?: string }) =>
  frame.type === "participant.updated" && frame.state === "away";

describe("losing a connection", () => {
  it("is not leaving: the participant is away, and leaves once when its grace is over", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    bob.close();
    expect(await ada.next(isAway)).toMatchObject({ pid: bob.pid });
    await advance(room, 14_000);
    const late = await join(room, "late");
    expect(late.snapshot.participants).toMatchObject([{ identity: "ada" }, { identity: "bob", state: "away" }]);
    await advance(room, 1_000);
    expect(await ada.next("participant.left")).toMatchObject({ pid: bob.pid, reason: "vanished" });
    await advance(room, 60_000);
    await ada.settle();
    expect(ada.frames.filter(frame => frame.type === "participant.left")).toHaveLength(1);
  });

  it("is forgotten when the client is back in time", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    bob.close();
    await ada.next(isAway);
    await resume(bob);
    await advance(room, 20_000);
    await ada.settle();
    expect(ada.frames.some(frame => frame.type === "participant.left")).toBe(false);
  });

  it("goes unseen when an object is torn down with its sockets, and is found on the next wake", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await evictDurableObject(stubOf(room), { webSockets: "close" });
    expect((await ada.closed).code).toBe(1006);
    const back = await resume(ada);
    expect(back.replay?.map(event => event.type)).toEqual([
      "participant.joined",
      ...Array(3).fill("participant.updated"),
    ]);
    for (const pid of [ada.pid, bob.pid]) {
      expect(back.replay?.slice(1, 3)).toContainEqual(expect.objectContaining({ pid, state: "away" }));
    }
    expect(back.replay?.at(-1)).toMatchObject({ pid: ada.pid, state: "here" });
    await advance(room, 15_000);
    expect(await back.next("participant.left")).toMatchObject({ pid: bob.pid, reason: "vanished" });
  });

  it("is noticed when the close itself wakes the object", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await evictDurableObject(stubOf(room));
    bob.close(4001);
    expect(await bob.closed).toMatchObject({ code: 4001 });
    expect(await ada.next(isAway)).toMatchObject({ pid: bob.pid });
    await ada.settle();
    expect(ada.frames.filter(isAway)).toHaveLength(1);
  });

  it("answers each kind of close", async () => {
    const room = uniqueRoom();
    await join(room, "host");
    for (const code of [undefined, 1000, 3000, 4001]) {
      const client = await join(room, `closes-${code}`);
      client.close(code);
      expect((await client.closed).code).toBe(code ?? 1000);
    }
  });
});

describe("leaving", () => {
  it("is answered, told once with its reason, and closes normally", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    expect(await bob.ask("leave")).toMatchObject({ type: "ok" });
    expect(await bob.closed).toMatchObject({ code: 1000 });
    expect(await ada.next("participant.left")).toMatchObject({ pid: bob.pid, reason: "left" });
    await advance(room, 20_000);
    await ada.settle();
    expect(ada.frames.filter(frame => frame.type === "participant.left")).toHaveLength(1);
  });
});

describe("what a room keeps", () => {
  const leave = async (room: string) => {
    const ada = await join(room, "ada");
    await ada.ask("chat.send", { text: "for the record" });
    await ada.ask("leave");
    return ada.welcome.room.life;
  };

  it("is the chat, for five minutes after the last leave", async () => {
    const room = uniqueRoom();
    const life = await leave(room);
    await advance(room, 299_000);
    const soon = await join(room, "soon");
    expect(soon.welcome.room.life).toBe(life);
    expect(soon.welcome.you.number, "numbers are not given twice").toBe(2);
    expect(soon.snapshot.chat).toMatchObject([{ text: "for the record" }]);
    await soon.ask("leave");
    await advance(room, 300_000);
    const late = await join(room, "late");
    expect(late.welcome).toMatchObject({ seq: 1, you: { number: 1 } });
    expect(late.welcome.room.life).not.toBe(life);
    expect(late.snapshot.chat).toEqual([]);
  });

  it("is the record, for a day after the last leave; then nothing is left", async () => {
    const room = uniqueRoom();
    pass(0);
    await leave(room);
    await advance(room, 300_000);
    const detail = await askApi("GET", `/v1/rooms/${room}`);
    expect(await detail.json()).toMatchObject({ participants: 0, expiresAt: Date.now() - 300_000 + 86_400_000 });
    await advance(room, 86_400_000);
    await advance(room, 1_000);
    expect((await askApi("GET", `/v1/rooms/${room}`)).status).toBe(404);
    await runInDurableObject(stubOf(room), async (_, state) => {
      expect(state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = '_schema'").toArray()).toEqual([]);
      expect(await state.storage.getAlarm()).toBeNull();
    });
    expect((await join(room, "anew")).welcome.you.number).toBe(1);
  });

  it("is nothing at all of a room that was only asked about", async () => {
    const room = uniqueRoom();
    await expect(join(room, "guest", { grants: {} })).rejects.toThrow("no-such-room");
    await runInDurableObject(stubOf(room), (_, state) => {
      expect(state.storage.sql.exec("SELECT name FROM sqlite_master WHERE name = '_schema'").toArray()).toEqual([]);
    });
  });
});
