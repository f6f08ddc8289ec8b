import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { LIMITS } from "../../protocol/limits.ts";
import { connect, join, resume, uniqueRoom, upgrade } from "../testing/client.ts";
import { advance, stubOf } from "../testing/time.ts";

afterEach(() => vi.useRealTimers());

describe("resuming", () => {
  it("goes on as the same participant and replays what was missed, once and in order", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await bob.ask("chat.send", { text: "one" });
    const seen = (await ada.next("chat.message")).seq;
    ada.close(1000);
    await bob.next(frame => frame.type === "participant.updated" && frame.state === "away");
    await bob.ask("chat.send", { text: "two" });
    await bob.ask("source.publish", { kind: "mic" });

    const back = await resume(ada, seen);
    expect(back.welcome).toMatchObject({ resumed: true, you: { pid: ada.pid, number: 1 } });
    expect(back.replay?.map(event => event.type)).toEqual([
      "participant.updated",
      "chat.message",
      "source.published",
      "participant.updated",
    ]);
    expect(back.replay?.at(-1)).toMatchObject({ pid: ada.pid, state: "here", seq: back.welcome.seq });
    await bob.next(frame => frame.type === "participant.updated" && frame.state === "here");
    await bob.ask("chat.send", { text: "three" });
    expect(await back.next("chat.message")).toMatchObject({ message: { text: "three" } });
  });

  it("replays nothing to who missed nothing", async () => {
    const ada = await join(uniqueRoom(), "ada");
    expect(await resume(ada)).toMatchObject({ replay: [], snapshot: { participants: [] } });
  });

  it("replays the newest thousand events, and gives a snapshot to who missed more", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      storage.sql.exec(`WITH RECURSIVE numbers (n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM numbers WHERE n < 1090)
        INSERT INTO events SELECT n, 'all', NULL, json_object('type', 'room.updated', 'seq', n, 'at', 0) FROM numbers`);
    });
    await evictDurableObject(stubOf(room));
    for (let i = 1; i <= 10; i++) await bob.ask("chat.send", { text: `message ${i}` });
    const kept = await runInDurableObject(stubOf(room), (_, { storage }) =>
      storage.sql.exec("SELECT min(seq) AS oldest, max(seq) AS newest FROM events").one(),
    );
    expect(kept).toEqual({ oldest: 101, newest: 1_100 });

    const inTime = await resume(ada, 1_100 - LIMITS.replayEvents);
    expect(inTime.replay?.map(event => event.seq)).toEqual(Array.from({ length: 1_000 }, (_, i) => 101 + i));
    const late = await resume(ada, 99);
    expect(late.replay).toBeUndefined();
    expect(late.snapshot.participants).toMatchObject([{ identity: "bob" }]);
    expect(late.snapshot.chat).toHaveLength(10);
    expect(late.welcome).toMatchObject({ resumed: true, seq: 1_100 });
  });

  it("gives a snapshot to a client that claims events that never were, or another life", async () => {
    const ada = await join(uniqueRoom(), "ada");
    expect((await resume(ada, 1_000)).replay).toBeUndefined();
    const other = Object.assign({}, ada, {
      welcome: { ...ada.welcome, room: { ...ada.welcome.room, life: "another-life" } },
    });
    expect((await resume(other)).replay).toBeUndefined();
  });

  it("takes the seat from an older connection, which ends for good", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await resume(ada);
    expect(await ada.next("error")).toMatchObject({ code: "replaced", retryable: false });
    expect(await ada.closed).toEqual({ code: 4416, reason: "replaced" });
    await bob.settle();
    expect(bob.frames.map(frame => frame.type)).toEqual(["welcome", "snapshot"]);
  });

  it("is refused once the participant is gone", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    await join(room, "bob");
    await ada.ask("leave");
    await expect(resume(ada)).rejects.toThrow("resume-refused");
  });

  it("is refused in another life of the room", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    ada.close(1000);
    await ada.closed;
    await advance(room, 15_000);
    await advance(room, 300_000);
    const again = await join(room, "bob");
    expect(again.welcome.room.life).not.toBe(ada.welcome.room.life);
    await expect(resume(ada)).rejects.toThrow("resume-refused");
  });

  it("takes no token but its own room's, unchanged and in time", async () => {
    const ada = await join(uniqueRoom(), "ada");
    const token = ada.welcome.resume;
    const other = await join(uniqueRoom(), "eve");
    const [life, pid, expiry] = token.split(".");
    const otherPid = other.pid;
    const attempts: [room: string, token: string][] = [
      [other.room, token],
      [ada.room, `${token.slice(0, -2)}AA`],
      [ada.room, `${life}.${otherPid}.${expiry}.${token.split(".")[3]}`],
      [ada.room, `${life}.${pid}.zzzzzzzzzz.${token.split(".")[3]}`],
      [ada.room, "nonsense"],
      [ada.room, "a.b.c.d.e"],
    ];
    for (const [room, forged] of attempts) {
      const { client } = await upgrade(room, ["tandem.v1", `resume.${forged}`]);
      expect(await client?.next("error"), forged).toMatchObject({ code: "token-invalid" });
      expect((await client?.closed)?.code).toBe(4411);
    }
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 8 * 24 * 3_600_000 });
    const { client } = await upgrade(ada.room, ["tandem.v1", `resume.${token}`]);
    expect(await client?.next("error")).toMatchObject({ code: "token-expired" });
  });
});

describe("commands sent again", () => {
  it("are applied once and answered as before", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    const first = await ada.ask("chat.send", { text: "once" });
    const back = await resume(ada);
    back.lastId = 0;
    expect(await back.ask("chat.send", { text: "once" })).toEqual(first);
    back.lastId = 0;
    expect(await back.ask("source.publish", { kind: "mic" }), "the id decides, not the content").toEqual(first);
    await bob.settle();
    expect(bob.frames.filter(frame => frame.type === "chat.message")).toHaveLength(1);
    expect(await bob.ask("chat.history")).toMatchObject({ result: { messages: [{ text: "once" }], more: false } });
  });

  it("keep their order and leave no gap when a command in between was lost", async () => {
    const ada = await join(uniqueRoom(), "ada");
    ada.send({ type: "chat.send", id: 2, text: "two" });
    await ada.next("ok");
    ada.send({ type: "chat.send", id: 1, text: "one" });
    expect(await ada.next("ok")).toMatchObject({ id: 1, result: { message: 2 } });
  });

  it("are remembered for the last 64, and older ids are refused", async () => {
    const ada = await join(uniqueRoom(), "ada");
    for (let i = 0; i <= LIMITS.unanswered; i++) await ada.ask("chat.send", { text: `message ${i}` });
    ada.lastId = 1;
    expect(await ada.ask("chat.send", { text: "message 1" })).toMatchObject({ type: "ok", result: { message: 2 } });
    ada.lastId = 0;
    expect(await ada.ask("chat.send", { text: "message 0" })).toMatchObject({ type: "error", code: "wrong-state" });
  });

  it("are each participant's own", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await ada.ask("chat.send", { text: "a" });
    expect(await bob.ask("chat.send", { text: "b" })).toMatchObject({ id: 1, result: { message: 2 } });
    const again = await join(room, "ada");
    expect(await again.ask("chat.send", { text: "anew" }), "a fresh join counts anew").toMatchObject({
      result: { message: 3 },
    });
  });
});

describe("hello", () => {
  it("must come in time", async () => {
    const room = uniqueRoom();
    const mute = await connect(room, "mute");
    await advance(room, 10_000);
    expect(await mute.next("error")).toMatchObject({ code: "hello-timeout" });
    expect((await mute.closed).code).toBe(4408);
  });
});
