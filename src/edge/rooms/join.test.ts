import { describe, expect, it } from "vitest";
import { connect, join, uniqueRoom } from "../testing/client.ts";

describe("joining", () => {
  it("welcomes with a snapshot of those who are there, and tells them", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada", { claims: { name: "Ada" } });
    expect(ada.welcome).toMatchObject({ resumed: false, you: { number: 1, identity: "ada", name: "Ada" } });
    expect(ada.snapshot).toEqual({ participants: [], chat: [] });

    const bob = await join(room, "bob");
    expect(bob.snapshot.participants).toMatchObject([{ pid: ada.pid, number: 1, name: "Ada", sources: [] }]);
    const joined = await ada.next("participant.joined");
    expect(joined.participant).toMatchObject({ pid: bob.pid, number: 2, direct: true, moderator: true });
    expect(joined.seq).toBe(bob.welcome.seq);
    await bob.settle();
    expect(bob.frames.map(frame => frame.type)).toEqual(["welcome", "snapshot"]);
  });

  it("waits for hello", async () => {
    const client = await connect(uniqueRoom(), "early");
    expect(await client.ask("chat.send", { text: "hi" })).toMatchObject({ type: "error", code: "wrong-state" });
    client.send({ type: "hello", features: [] });
    await client.next("welcome");
    client.send({ type: "hello", features: [] });
    expect(await client.next("error")).toMatchObject({ code: "wrong-state" });
  });

  it("relays signals and events", async () => {
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    ada.send({ type: "peer.description", to: bob.pid, negotiation: "n1", description: { type: "offer", sdp: "v=0" } });
    expect(await bob.next("peer.description")).toEqual({
      type: "peer.description",
      from: ada.pid,
      negotiation: "n1",
      description: { type: "offer", sdp: "v=0" },
    });
    expect(await ada.ask("chat.send", { text: " hello " })).toEqual({ type: "ok", id: 1, result: { message: 1 } });
    expect(await bob.next("chat.message")).toMatchObject({ message: { text: "hello", pid: ada.pid } });
    expect(await ada.next("chat.message")).toMatchObject({ message: { text: "hello", pid: ada.pid } });
  });
});
