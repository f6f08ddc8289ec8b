import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { join, uniqueRoom } from "../testing/client.ts";
import { advance, pass, stubOf } from "../testing/time.ts";

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

describe("a timer that fails", () => {
  it("is tried again later, keeps no other from running, and does not spin", async () => {
    const room = uniqueRoom();
    pass(0);
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    const eve = await join(room, "eve");
    for (const client of [bob, eve]) client.close();
    for (let away = 0; away < 2; away++) {
      await ada.next(frame => frame.type === "participant.updated" && frame.state === "away");
    }
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      storage.sql.exec(`CREATE TRIGGER broken BEFORE DELETE ON participants WHEN old.identity = 'bob'
        BEGIN SELECT raise(ABORT, 'broken'); END`);
    });
    await advance(room, 15_000);
    expect(await ada.next("participant.left")).toMatchObject({ pid: eve.pid });
    await advance(room, 1_000);
    const alarm = await runInDurableObject(stubOf(room), (_, { storage }) => storage.getAlarm());
    expect(alarm).toBe(Date.now() + 59_000);
    expect((await join(room, "late")).snapshot.participants.map(({ identity }) => identity)).toEqual(["ada", "bob"]);

    await runInDurableObject(stubOf(room), (_, { storage }) => {
      storage.sql.exec("DROP TRIGGER broken");
    });
    await advance(room, 60_000);
    expect(await ada.next("participant.left")).toMatchObject({ pid: bob.pid, reason: "vanished" });
  });
});

describe("a command that fails inside", () => {
  it("leaves no trace in memory or storage, tells nobody, and says nothing of itself", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      storage.sql.exec("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT raise(ABORT, 'broken inside'); END");
    });
    expect(await ada.ask("source.publish", { kind: "mic" })).toEqual({
      type: "error",
      id: 1,
      code: "internal",
      message: expect.any(String),
      retryable: true,
    });
    await runInDurableObject(stubOf(room), (_, { storage }) => {
      storage.sql.exec("DROP TRIGGER broken");
    });
    ada.lastId = 0;
    expect(await ada.ask("source.publish", { kind: "mic" }), "the same id: it was not applied").toMatchObject({
      type: "ok",
      result: { number: 16 },
    });
    await bob.settle();
    expect(bob.frames.filter(frame => frame.type === "source.published")).toHaveLength(1);
    expect((await join(room, "late")).snapshot.participants[0]?.sources).toHaveLength(1);
  });
});
