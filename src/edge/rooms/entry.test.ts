import { afterEach, describe, expect, it, vi } from "vitest";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import { askApi, connect, join, resume, uniqueRoom, upgrade } from "../testing/client.ts";
import { advance } from "../testing/time.ts";
import { joinToken } from "../testing/tokens.ts";

afterEach(() => vi.useRealTimers());

describe("who may enter", () => {
  it("a token without create finds only rooms that are there", async () => {
    const room = uniqueRoom();
    await expect(join(room, "guest", { grants: MEMBER_GRANTS })).rejects.toThrow("no-such-room");
    await askApi("POST", "/v1/rooms", { name: room });
    expect((await join(room, "guest", { grants: MEMBER_GRANTS })).welcome.you.moderator).toBe(false);
  });

  it("a full room refuses, until somebody has left; who is in may come back", async () => {
    const room = uniqueRoom();
    await askApi("POST", "/v1/rooms", { name: room, maxParticipants: 2 });
    const ada = await join(room, "ada");
    await join(room, "bob");
    const { client } = await upgrade(room, ["tandem.v1", `bearer.${await joinToken({ room, identity: "eve" })}`]);
    expect(await client?.next("error")).toMatchObject({ code: "room-full", retryable: true });
    expect((await client?.closed)?.code).toBe(4418);
    await resume(ada);
    const again = await join(room, "ada");
    await again.ask("leave");
    expect((await join(room, "eve")).welcome.room.maxParticipants).toBe(2);
  });

  it("two who connect before either says hello still share the last seat once", async () => {
    const room = uniqueRoom();
    await askApi("POST", "/v1/rooms", { name: room, maxParticipants: 1 });
    const first = await connect(room, "first");
    const second = await connect(room, "second");
    first.send({ type: "hello", features: [] });
    await first.next("welcome");
    second.send({ type: "hello", features: [] });
    expect(await second.next("error")).toMatchObject({ code: "room-full" });
    expect((await second.closed).code).toBe(4418);
  });

  it("an identity that joins again replaces itself, and its old connection ends for good", async () => {
    const room = uniqueRoom();
    const watcher = await join(room, "watcher");
    const old = await join(room, "ada");
    await old.ask("source.publish", { kind: "camera" });
    const fresh = await join(room, "ada");
    expect(await old.next("error")).toMatchObject({ code: "replaced", retryable: false });
    expect((await old.closed).code).toBe(4416);
    expect(fresh.pid).not.toBe(old.pid);
    expect(fresh.welcome.you).toMatchObject({ number: 3, sources: [] });
    expect(fresh.snapshot.participants).toMatchObject([{ identity: "watcher" }]);
    expect(await watcher.next("participant.left")).toMatchObject({ pid: old.pid, reason: "replaced" });
    await advance(room, 20_000);
    await watcher.settle();
    expect(watcher.frames.filter(frame => frame.type === "participant.left")).toHaveLength(1);
  });

  it("nobody reopens a closed room with a token from before; a newer one does", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const old = await joinToken({ room, identity: "late" });
    expect((await askApi("DELETE", `/v1/rooms/${room}`)).status).toBe(204);
    await ada.next("room.closed");
    expect(await ada.next("error")).toMatchObject({ code: "room-closed" });
    expect((await ada.closed).code).toBe(4419);
    const { client } = await upgrade(room, ["tandem.v1", `bearer.${old}`]);
    expect(await client?.next("error")).toMatchObject({ code: "room-closed" });
    await expect(resume(ada)).rejects.toThrow("room-closed");
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 2_000 });
    expect((await join(room, "anew")).welcome.you.number).toBe(1);
  });

  it("a room made again by the API is open to the same tokens, and those removed stay out", async () => {
    const room = uniqueRoom();
    const host = await join(room, "host");
    const guestToken = await joinToken({ room, identity: "guest" });
    const guest = await join(room, "guest", { token: guestToken });
    await host.ask("moderate.remove", { pid: guest.pid });
    const token = await joinToken({ room, identity: "host" });
    await askApi("DELETE", `/v1/rooms/${room}`);
    expect((await askApi("POST", "/v1/rooms", { name: room })).status).toBe(201);
    const { client } = await upgrade(room, ["tandem.v1", `bearer.${token}`]);
    client?.send({ type: "hello", features: [] });
    await client?.next("welcome");
    await expect(join(room, "guest", { token: guestToken })).rejects.toThrow("removed");
  });

  it("every welcome hands out the configured ICE servers, the times to keep, and the room", async () => {
    const { welcome } = await join(uniqueRoom(), "ada");
    expect(welcome).toMatchObject({
      iceServers: [{ urls: ["stun:stun.example:3478"] }],
      ping: 10_000,
      grace: 15_000,
      room: { topology: { setting: "auto", current: "mesh", reason: "few" }, maxParticipants: 100 },
    });
  });
});
