import { beforeEach, describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT } from "./core/testing/fuzz-runs.ts";
import { fakeTrack } from "./testing/fake-media.ts";
import { type Caller, createModelCall, type ModelCall } from "./testing/model-call.ts";
import type { LocalSource, RoomSnapshot } from "./types.ts";

describe("a room", () => {
  let call: ModelCall;
  let ann: Caller;
  let bob: Caller;
  beforeEach(async () => {
    call = createModelCall();
    ann = await call.join("ann");
    bob = await call.join("bob");
  });

  const settle = async <T>(work: Promise<T>): Promise<T> => {
    work.catch(() => {});
    await call.time.advance(200);
    return work;
  };
  const mine = (): RoomSnapshot["you"] => ann.room.store.get().you;
  /** The room forgets Ann, who comes back as somebody new. */
  const rejoin = async (): Promise<void> => {
    ann.wire.cut();
    call.room.forget(mine().pid);
    await call.time.advance(3_000);
    expect(ann.room.store.get().status).toBe("connected");
  };

  it("carries chat, app messages and moderation", async () => {
    const heard: unknown[] = [];
    bob.room.on("app.message", ({ data, topic, direct }) => heard.push({ data, topic, direct }));
    await settle(ann.room.chat.send("hello"));
    expect(bob.room.store.get().chat.map(({ text }) => text)).toEqual(["hello"]);
    await settle(ann.room.send({ x: 1 }, { topic: "t", to: [bob.room.store.get().you.pid] }));
    await settle(ann.room.send(undefined));
    expect(heard).toEqual([
      { data: { x: 1 }, topic: "t", direct: true },
      { data: null, topic: undefined, direct: false },
    ]);
    await expect(ann.room.send("x".repeat(70_000))).rejects.toMatchObject({ code: "too-large" });
    ann.wire.cut();
    await expect(ann.room.send(1)).rejects.toMatchObject({ code: "unreachable", retryable: true });
  });

  it("shows one's own sources with their tracks", async () => {
    const track = fakeTrack("video");
    const camera = await settle(ann.room.publish(track, { kind: "camera", name: "Front" }));
    expect(camera).toMatchObject({ kind: "camera", number: 17, muted: false, track });
    expect(mine().sources).toMatchObject([{ number: 17, kind: "camera", track }]);
    const other = fakeTrack("video");
    await camera.replaceTrack(other);
    expect(mine().sources[0]).toMatchObject({ track: other });
    await settle(camera.unpublish());
    await camera.unpublish();
    expect(mine().sources).toEqual([]);
  });

  it("brings one's sources and profile along into a fresh join", async () => {
    await settle(ann.room.updateProfile({ name: "Ann B." }));
    const mic = await settle(ann.room.publish(fakeTrack("audio"), { kind: "mic" }));
    const camera = await settle(ann.room.publish(fakeTrack("video"), { kind: "camera" }));
    await settle(camera.mute());
    const before = mic.number;
    await rejoin();
    expect(mine()).toMatchObject({ name: "Ann B." });
    expect(mine().sources).toMatchObject([
      { kind: "mic", muted: false },
      { kind: "camera", muted: true },
    ]);
    expect(mic.number).not.toBe(before);
    expect(camera.muted).toBe(true);
    await settle(mic.mute());
    expect(mine().sources[0]?.muted).toBe(true);
  });

  it("publishes once, whenever the room forgets the one who does", { timeout: FUZZ_TIMEOUT }, async () => {
    for (let moment = 0; moment <= 60; moment += 5) {
      const cem = await call.join(`cem-${moment}`);
      const publishing = cem.room.publish(fakeTrack("audio"), { kind: "mic" });
      const numbers: number[] = [];
      void publishing.then(({ number }) => numbers.push(number));
      await call.time.advance(moment);
      const { pid } = cem.room.store.get().you;
      cem.wire.cut();
      call.room.forget(pid);
      await call.time.advance(5_000);
      const mic = await publishing;
      // Whichever participant of ours it was then.
      expect(numbers[0]).toBeGreaterThan(0);
      expect(cem.room.store.get().you.pid).not.toBe(pid);
      expect(cem.room.store.get().you.sources).toMatchObject([{ number: mic.number, kind: "mic" }]);
      void cem.room.leave();
      await call.time.advance(100);
    }
  });

  it("publishes once also when it is forgotten again while it publishes anew", { timeout: FUZZ_TIMEOUT }, async () => {
    await settle(ann.room.publish(fakeTrack("audio"), { kind: "mic" }));
    for (let moment = 0; moment <= 60; moment += 5) {
      for (let time = 0; time < 2; time++) {
        const { pid } = mine();
        ann.wire.cut();
        call.room.forget(pid);
        while (mine().pid === pid) await call.time.advance(5);
        await call.time.advance(moment);
      }
      await call.time.advance(2_000);
      expect(mine().sources).toMatchObject([{ kind: "mic" }]);
      expect(ann.connections.at(-1)?.getTransceivers()).toHaveLength(1);
    }
  });

  it("keeps what was wanted of a source while it was being published anew", async () => {
    const mic = await settle(ann.room.publish(fakeTrack("audio"), { kind: "mic" }));
    const camera = await settle(ann.room.publish(fakeTrack("video"), { kind: "camera" }));
    ann.wire.cut();
    call.room.forget(mine().pid);
    const { pid } = mine();
    while (mine().pid === pid) await call.time.advance(5);
    // The room knows neither yet.
    void mic.mute();
    void camera.unpublish();
    await call.time.advance(500);
    expect(mine().sources).toMatchObject([{ kind: "mic", muted: true }]);
  });

  it("takes a publication back when its signal aborts, before and after it is known", async () => {
    const abort = new AbortController();
    const early = ann.room.publish(fakeTrack("audio"), { kind: "mic", signal: abort.signal });
    early.catch(() => {});
    await call.time.advance(5);
    abort.abort("enough");
    await expect(early).rejects.toBe("enough");
    await expect(ann.room.publish(fakeTrack("audio"), { kind: "mic", signal: abort.signal })).rejects.toBe("enough");
    await call.time.advance(500);
    expect(mine().sources).toEqual([]);
    const later = new AbortController();
    await settle(ann.room.publish(fakeTrack("audio"), { kind: "mic", signal: later.signal }));
    later.abort();
    await call.time.advance(500);
    expect(mine().sources).toEqual([]);
  });

  it("ends all its media and leaves once", async () => {
    const mic: LocalSource = await settle(ann.room.publish(fakeTrack("audio"), { kind: "mic" }));
    await call.time.advance(1_000);
    void ann.room.leave();
    void ann.room.leave();
    await call.time.advance(200);
    expect(ann.room.store.get()).toMatchObject({ status: "closed" });
    expect(ann.room.connections).toEqual([]);
    expect(ann.connections.every(({ signalingState }) => signalingState === "closed")).toBe(true);
    await expect(mic.unmute()).rejects.toMatchObject({ code: "wrong-state" });
    expect(bob.room.store.get().participants).toEqual([]);
  });
});
