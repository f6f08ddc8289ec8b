import { afterEach, describe, expect, it, vi } from "vitest";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import { join, resume, uniqueRoom } from "../testing/client.ts";
import { joinToken } from "../testing/tokens.ts";

afterEach(() => vi.useRealTimers());

describe("sources", () => {
  it("get the number of their kind, then the free ones, and at most twelve more", async () => {
    const ada = await join(uniqueRoom(), "ada");
    const number = async (kind: string) => (await ada.ask("source.publish", { kind })).result?.number;
    expect(await number("mic")).toBe(16);
    expect(await number("camera")).toBe(17);
    expect(await number("screen")).toBe(18);
    expect(await number("screen-audio")).toBe(19);
    expect(await number("camera")).toBe(20);
    expect(await number("custom")).toBe(21);
    await ada.ask("source.unpublish", { number: 17 });
    expect(await number("camera")).toBe(17);
    for (let i = 22; i <= 31; i++) expect(await number("mix")).toBe(i);
    expect(await ada.ask("source.publish", { kind: "mic" })).toMatchObject({ code: "too-many-sources" });
  });

  it("are muted by their holder, and by moderators, who are named", async () => {
    const room = uniqueRoom();
    const host = await join(room, "host");
    const guest = await join(room, "guest", { grants: MEMBER_GRANTS });
    await guest.ask("source.publish", { kind: "mic", name: "Headset", muted: false });
    expect(await host.next("source.published")).toMatchObject({
      pid: guest.pid,
      source: { number: 32, kind: "mic", name: "Headset", muted: false },
    });
    await host.ask("moderate.mute", { number: 32 });
    expect(await guest.next("source.updated")).toMatchObject({ number: 32, muted: true, by: host.pid });
    expect(await host.ask("moderate.mute", { number: 32 }), "muted already: nothing to tell").toMatchObject({
      type: "ok",
    });
    await guest.ask("source.update", { number: 32, muted: false });
    const own = await host.next(frame => frame.type === "source.updated" && frame.muted === false);
    expect(own.by).toBeUndefined();
    expect(host.frames.filter(frame => frame.type === "source.updated")).toHaveLength(2);
    expect(await host.ask("source.update", { number: 32, muted: true })).toMatchObject({ code: "no-such-source" });
    expect(await host.ask("moderate.mute", { number: 33 })).toMatchObject({ code: "no-such-source" });
    await guest.ask("leave");
    expect(await host.ask("moderate.mute", { number: 32 })).toMatchObject({ code: "no-such-source" });
  });
});

describe("removing", () => {
  it("ends the connection with its reason, and voids the identity's older tokens for a day", async () => {
    const room = uniqueRoom();
    const host = await join(room, "host");
    const token = await joinToken({ room, identity: "guest", grants: MEMBER_GRANTS });
    const guest = await join(room, "guest", { token });
    const issued = Math.floor(Date.now() / 1_000);
    await host.ask("moderate.remove", { pid: guest.pid, reason: "be nice" });
    expect(await guest.next("error")).toMatchObject({ code: "removed", detail: "be nice", retryable: false });
    expect((await guest.closed).code).toBe(4415);
    expect(await host.next("participant.left")).toMatchObject({ pid: guest.pid, reason: "removed" });
    await expect(resume(guest)).rejects.toThrow("resume-refused");
    await expect(join(room, "guest", { token })).rejects.toThrow("removed");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
    await expect(join(room, "guest", { claims: { iat: issued }, lasts: 7_200 })).rejects.toThrow("removed");
    expect((await join(room, "guest")).welcome.you.number).toBe(3);
  });

  it("finds only who is there, and may end one's own stay", async () => {
    const host = await join(uniqueRoom(), "host");
    expect(await host.ask("moderate.remove", { pid: "p_00000000" })).toMatchObject({ code: "no-such-participant" });
    host.send({ type: "moderate.remove", id: 2, pid: host.pid });
    expect((await host.closed).code).toBe(4415);
  });
});

describe("profiles", () => {
  it("change by deltas, told as deltas", async () => {
    const room = uniqueRoom();
    const claims = { name: "Ada", metadata: "m", attributes: { hand: "down", mood: "fine" } };
    const ada = await join(room, "ada", { claims });
    const bob = await join(room, "bob");
    expect(bob.snapshot.participants[0]).toMatchObject(claims);
    await ada.ask("profile.update", { attributes: { hand: "up", mood: null, fine: null }, name: "Ada" });
    const { type, seq, at, ...delta } = await bob.next("participant.updated");
    expect(delta).toEqual({ pid: ada.pid, attributes: { hand: "up", mood: null } });
    expect(await ada.ask("profile.update", { name: "Ada", metadata: "m" }), "nothing new").toMatchObject({
      type: "ok",
    });
    await ada.ask("profile.update", { metadata: "n", name: "Countess" });
    expect(await bob.next("participant.updated")).toMatchObject({ seq: seq + 1, metadata: "n", name: "Countess" });
    const late = await join(room, "late");
    expect(late.snapshot.participants[0]).toMatchObject({
      name: "Countess",
      metadata: "n",
      attributes: { hand: "up" },
    });
  });

  it("are bounded as a whole", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    expect(await ada.ask("profile.update", { metadata: "m".repeat(3_000) })).toMatchObject({ type: "ok" });
    const attributes = { key: "v".repeat(1_094) };
    expect(await ada.ask("profile.update", { attributes })).toMatchObject({ code: "too-large" });
    attributes.key = attributes.key.slice(0, 1_093);
    expect(await ada.ask("profile.update", { attributes })).toMatchObject({ type: "ok" });
    const many = Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`a${i}`, ""]));
    const bob = await join(room, "bob");
    expect(await bob.ask("profile.update", { attributes: many })).toMatchObject({ type: "ok" });
    expect(await bob.ask("profile.update", { attributes: { more: "" } })).toMatchObject({ code: "too-large" });
    const claims = { metadata: "m".repeat(4_000), attributes: { a: "v".repeat(100) } };
    await expect(join(room, "eve", { claims })).rejects.toThrow("too-large");
  });
});

describe("the room's metadata", () => {
  it("changes for everybody, and for those who come later", async () => {
    const room = uniqueRoom();
    const host = await join(room, "host");
    await host.ask("room.update", { metadata: "agenda" });
    expect(await host.next("room.updated")).toMatchObject({ metadata: "agenda" });
    await host.ask("room.update", { metadata: "agenda" });
    await host.settle();
    expect(host.frames.filter(frame => frame.type === "room.updated")).toHaveLength(1);
    expect((await join(room, "late")).welcome.room.metadata).toBe("agenda");
  });
});

describe("a hidden participant", () => {
  it("is there for moderators and itself only, in snapshots, events, replays and messages", async () => {
    const room = uniqueRoom();
    const host = await join(room, "host");
    const guest = await join(room, "guest", { grants: MEMBER_GRANTS });
    const ghost = await join(room, "ghost", { grants: { ...MEMBER_GRANTS, hidden: true } });
    await host.next(frame => frame.type === "participant.joined" && frame.participant.identity === "ghost");
    expect(ghost.snapshot.participants).toHaveLength(2);
    await ghost.ask("profile.update", { name: "Boo" });
    await ghost.ask("source.publish", { kind: "mic" });
    expect(await ghost.next("source.published"), "it sees what it does itself").toMatchObject({ pid: ghost.pid });
    await host.next("source.published");
    const late = await join(room, "late", { grants: MEMBER_GRANTS });
    expect(late.snapshot.participants.map(participant => participant.identity)).toEqual(["host", "guest"]);
    const before = guest.welcome.seq;
    guest.send({ type: "app.message", id: 90, to: [ghost.pid], data: 1 });
    expect(await guest.next("error")).toMatchObject({ id: 90, code: "no-such-participant" });
    expect(await guest.ask("peer.silent", { pid: ghost.pid })).toMatchObject({ code: "no-such-participant" });
    await ghost.ask("leave");
    await host.next("participant.left");
    await guest.settle();
    const told = JSON.stringify([guest.frames, (await resume(guest, before)).replay]);
    expect(told).not.toContain("ghost");
    expect(JSON.stringify(guest.frames.filter(frame => frame.type !== "error"))).not.toContain(ghost.pid);
  });

  it("speaks when it chats", async () => {
    const room = uniqueRoom();
    const guest = await join(room, "guest");
    const ghost = await join(room, "ghost", { grants: { ...MEMBER_GRANTS, hidden: true } });
    await ghost.ask("chat.send", { text: "boo" });
    expect(await guest.next("chat.message")).toMatchObject({ message: { text: "boo", identity: "ghost" } });
  });
});

describe("the chat", () => {
  it("is for those with the grant only", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const deaf = await join(room, "deaf", { grants: { data: true } });
    await ada.ask("chat.send", { text: "psst" });
    await deaf.settle();
    expect(deaf.frames.some(frame => frame.type === "chat.message")).toBe(false);
    expect((await resume(deaf)).replay?.some(event => event.type === "chat.message")).toBe(false);
    expect((await join(room, "late-deaf", { grants: {} })).snapshot.chat).toEqual([]);
  });

  it("is read back in pages, each within a frame", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    // A control character is one byte in the message and six in a frame.
    for (let i = 1; i <= 20; i++) await ada.ask("chat.send", { text: `${i}${"\u0001".repeat(4_000)}.` });
    const ids: number[] = [];
    let before: number | undefined;
    for (let more = true; more; ) {
      const { result } = await ada.ask("chat.history", before === undefined ? { limit: 100 } : { before, limit: 100 });
      expect(JSON.stringify(result).length).toBeLessThanOrEqual(256 * 1024);
      ids.unshift(...result.messages.map((message: { id: number }) => message.id));
      before = ids[0];
      more = result.more;
    }
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect((await ada.ask("chat.history", { before: 1 })).result).toEqual({ messages: [], more: false });
    expect((await ada.ask("chat.history", { before: 4, limit: 2 })).result).toMatchObject({
      messages: [{ id: 2 }, { id: 3 }],
      more: true,
    });
  });
});
