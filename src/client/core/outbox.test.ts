import { beforeEach, describe, expect, it } from "vitest";
import { TandemError } from "../../protocol/errors.ts";
import { createOutbox, type Outbox } from "./outbox.ts";

describe("outbox", () => {
  let up: boolean;
  let sent: { type: string; id: number; [field: string]: unknown }[];
  let outbox: Outbox;

  beforeEach(() => {
    up = true;
    sent = [];
    outbox = createOutbox(text => {
      if (up) sent.push(JSON.parse(text));
      return up;
    });
  });

  const chat = (text: string, signal?: AbortSignal): Promise<unknown> => outbox.command("chat.send", { text }, signal);

  it("numbers commands from 1 and resolves with the validated result", async () => {
    const first = chat("a");
    const second = outbox.command("profile.update", { name: "b" });
    expect(sent).toEqual([
      { type: "chat.send", id: 1, text: "a" },
      { type: "profile.update", id: 2, name: "b" },
    ]);
    outbox.ok(2, { surprising: true });
    outbox.ok(1, { message: 7, added: "later" });
    await expect(second).resolves.toBeUndefined();
    await expect(first).resolves.toEqual({ message: 7 });
  });

  it("rejects with the room's error, and says whether the id was its own", async () => {
    const command = chat("a");
    expect(outbox.error(9, new TandemError("internal"))).toBe(false);
    expect(outbox.error(1, new TandemError("no-grant"))).toBe(true);
    await expect(command).rejects.toMatchObject({ code: "no-grant" });
    expect(outbox.error(1, new TandemError("no-grant"))).toBe(false);
  });

  it("rejects an answer that is not what the contract promises", async () => {
    const command = chat("a");
    outbox.ok(1, { message: "seven" });
    await expect(command).rejects.toMatchObject({ code: "bad-frame" });
  });

  it("resends what is unanswered, in order and under its ids, after a resume", async () => {
    const answered = chat("a");
    void chat("b");
    outbox.ok(1, { message: 1 });
    await answered;
    up = false;
    void chat("c");
    void outbox.command("source.update", { number: 16, muted: true });
    sent = [];
    up = true;
    outbox.resume();
    expect(sent.map(({ id, type }) => [id, type])).toEqual([
      [2, "chat.send"],
      [3, "chat.send"],
      [4, "source.update"],
    ]);
  });

  it("as somebody new fails what the room may have seen and sends the rest under new ids", async () => {
    const seen = chat("seen");
    up = false;
    const unseen = chat("unseen");
    sent = [];
    up = true;
    outbox.restart();
    await expect(seen).rejects.toMatchObject({ code: "resume-refused" });
    expect(sent).toEqual([{ type: "chat.send", id: 1, text: "unseen" }]);
    outbox.ok(1, { message: 3 });
    await expect(unseen).resolves.toEqual({ message: 3 });
  });

  it("refuses a 65th unanswered command, retryably, and takes one again after an answer", async () => {
    up = false;
    for (let count = 0; count < 64; count++) chat(`${count}`).catch(() => {});
    await expect(chat("too many")).rejects.toMatchObject({ code: "rate-limited", retryable: true });
    up = true;
    outbox.resume();
    expect(sent).toHaveLength(64);
    outbox.ok(1, { message: 1 });
    void chat("again");
    expect(sent.at(-1)).toMatchObject({ id: 65, text: "again" });
  });

  it("refuses what the room would not read, without spending an id", async () => {
    await expect(outbox.command("room.update", { metadata: "x".repeat(70_000) })).rejects.toMatchObject({
      code: "too-large",
    });
    void chat("a");
    expect(sent).toEqual([{ type: "chat.send", id: 1, text: "a" }]);
  });

  it("withdraws an aborted command that was not sent", async () => {
    up = false;
    const abort = new AbortController();
    const withdrawn = chat("a", abort.signal);
    void chat("b");
    abort.abort("changed my mind");
    await expect(withdrawn).rejects.toBe("changed my mind");
    up = true;
    outbox.resume();
    expect(sent.map(({ text }) => text)).toEqual(["b"]);
    await expect(chat("c", abort.signal)).rejects.toBe("changed my mind");
  });

  it("keeps an aborted command that was sent until it is answered, for it must not be lost or doubled", async () => {
    const abort = new AbortController();
    const aborted = chat("a", abort.signal);
    abort.abort("changed my mind");
    await expect(aborted).rejects.toBe("changed my mind");
    sent = [];
    outbox.resume();
    expect(sent).toHaveLength(1);
    outbox.ok(1, { message: 1 });
    outbox.resume();
    expect(sent).toHaveLength(1);
  });

  it("fails everything at the end, and what comes after", async () => {
    const before = chat("a");
    outbox.close(new TandemError("removed"));
    await expect(before).rejects.toMatchObject({ code: "removed" });
    await expect(chat("b")).rejects.toMatchObject({ code: "removed" });
  });

  it("draws ids of signals from the same sequence", () => {
    void chat("a");
    expect(outbox.nextId()).toBe(2);
    void chat("b");
    expect(sent.at(-1)?.id).toBe(3);
  });
});
