import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { join, resume, uniqueRoom } from "../testing/client.ts";
import { advance, pass, stubOf } from "../testing/time.ts";

afterEach(() => vi.useRealTimers());

const isAway = (frame: { type: string; state?: string }) =>
  frame.type === "participant.updated" && frame.state === "away";
const alarmOf = (room: string) => runInDurableObject(stubOf(room), (_, state) => state.storage.getAlarm());

describe("an idle room", () => {
  it("has nothing to do until the sweep, and its clients' pings don't wake it", async () => {
    const room = uniqueRoom();
    pass(0);
    const start = Date.now();
    const clients = await Promise.all(["a", "b", "c", "d"].map(identity => join(room, identity)));
    await advance(room, 1_000);
    expect(await alarmOf(room), "the report is done").toBe(start + 300_000);
    await evictDurableObject(stubOf(room));
    for (const client of clients) client.sendRaw("ping");
    // An object that is not running can't be evicted: the pings were answered without it.
    await expect(evictDurableObject(stubOf(room))).rejects.toThrow();
    expect(await clients[0]?.ask("chat.send", { text: "good morning" })).toMatchObject({ type: "ok" });
  });
});

describe("the sweep", () => {
  it("closes sockets that gave no sign of life, and gives their participants a grace", async () => {
    const room = uniqueRoom();
    pass(0);
    const quiet = await join(room, "quiet");
    const lively = await join(room, "lively");
    pass(290_000);
    await lively.settle();
    await advance(room, 10_000);
    expect(await quiet.next("error")).toMatchObject({ code: "going-away", retryable: true });
    expect((await quiet.closed).code).toBe(4434);
    expect(await lively.next(isAway)).toMatchObject({ pid: quiet.pid });
    const back = await resume(quiet);
    expect(back.welcome.resumed).toBe(true);
    await advance(room, 15_000);
    await lively.settle();
    expect(lively.frames.some(frame => frame.type === "participant.left")).toBe(false);
  });

  it("goes on while somebody is connected", async () => {
    const room = uniqueRoom();
    pass(0);
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    pass(299_000);
    await ada.settle();
    await bob.settle();
    await advance(room, 1_000);
    expect(await alarmOf(room)).toBe(Date.now() + 300_000);
    pass(299_000);
    await ada.settle();
    await advance(room, 1_000);
    expect((await bob.closed).code).toBe(4434);
    await advance(room, 15_000);
    expect(await ada.next("participant.left")).toMatchObject({ pid: bob.pid, reason: "vanished" });
  });
});

describe("a peer's report of silence", () => {
  it("ends, after the grace, the stay of one who gives no sign of life", async () => {
    const room = uniqueRoom();
    pass(0);
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    pass(20_000);
    expect(await ada.ask("peer.silent", { pid: bob.pid })).toMatchObject({ type: "ok" });
    await advance(room, 14_000);
    await ada.settle();
    expect(ada.frames.some(frame => frame.type === "participant.left" || isAway(frame))).toBe(false);
    await advance(room, 1_000);
    expect(await ada.next("participant.left")).toMatchObject({ pid: bob.pid, reason: "vanished" });
    expect((await bob.closed).code).toBe(4434);
  });

  it("counts for nothing against one who sends, resumes, or has just been heard", async () => {
    const room = uniqueRoom();
    pass(0);
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await ada.ask("peer.silent", { pid: bob.pid });
    await advance(room, 15_000);
    await ada.ask("peer.silent", { pid: bob.pid });
    pass(10_000);
    await bob.settle();
    await advance(room, 5_000);
    pass(15_000);
    await ada.ask("peer.silent", { pid: bob.pid });
    const back = await resume(bob);
    await advance(room, 15_000);
    await ada.settle();
    await back.settle();
    expect(ada.frames.some(frame => frame.type === "participant.left")).toBe(false);
  });

  it("counts for nothing against one who pings", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await runInDurableObject(stubOf(room), async (_, state) => {
      vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 20_000 });
      const later = new Date(Date.now() + 5_000);
      vi.spyOn(state, "getWebSocketAutoResponseTimestamp").mockReturnValue(later);
    });
    await ada.ask("peer.silent", { pid: bob.pid });
    await advance(room, 15_000);
    await ada.settle();
    expect(ada.frames.some(frame => frame.type === "participant.left")).toBe(false);
  });
});
