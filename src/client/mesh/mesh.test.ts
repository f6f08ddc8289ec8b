import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzzRuns } from "../core/testing/fuzz-runs.ts";
import { expectFlow } from "../testing/expect-flow.ts";
import { fakeTrack } from "../testing/fake-media.ts";
import { type Caller, createModelCall } from "../testing/model-call.ts";
import type { LocalSource } from "../types.ts";

const descriptions = (call: ReturnType<typeof createModelCall>): object[] =>
  call.room.received.filter(({ type }) => type === "peer.description");

describe("negotiation", () => {
  it("converges whenever the two begin, at every offset through both ways and all their steps", {
    timeout: FUZZ_TIMEOUT,
  }, async () => {
    for (let offset = 0; offset <= 90; offset++) {
      for (const first of [0, 1]) {
        const call = createModelCall({ seed: offset });
        const callers = [await call.join("ann"), await call.join("bob")] as const;
        const [early, late] = first === 0 ? callers : ([callers[1], callers[0]] as const);
        const mic = early.room.publish(fakeTrack("audio"), { kind: "mic" });
        await call.time.advance(offset);
        const others = [
          late.room.publish(fakeTrack("audio"), { kind: "mic" }),
          late.room.publish(fakeTrack("video"), { kind: "camera" }),
        ];
        await call.time.advance(2_000);
        expectFlow(early, late, [await mic]);
        expectFlow(late, early, await Promise.all(others));
        expect(descriptions(call).length, `offset ${offset}`).toBeLessThanOrEqual(8);
      }
    }
  });

  it("takes one offer and one answer when nothing crosses", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const mic = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    expect(descriptions(call)).toHaveLength(2);
    expectFlow(ann, bob, [await mic]);
    await call.time.advance(60_000);
    expect(descriptions(call)).toHaveLength(2);
  });

  it("pairs both sides' sources of a kind in one m-line, and fills lines that sources have left", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const publish = async (caller: Caller, kind: "camera" | "screen"): Promise<LocalSource> => {
      const publication = caller.room.publish(fakeTrack("video"), { kind });
      await call.time.advance(1_000);
      return publication;
    };
    const [annCamera, bobCamera] = [await publish(ann, "camera"), await publish(bob, "camera")];
    for (let share = 0; share < 5; share++) {
      const screen = await publish(share % 2 ? ann : bob, "screen");
      expectFlow(ann, bob, share % 2 ? [annCamera, screen] : [annCamera]);
      expectFlow(bob, ann, share % 2 ? [bobCamera] : [bobCamera, screen]);
      void screen.unpublish();
      await call.time.advance(1_000);
    }
    expect(ann.connections[0]?.getTransceivers()).toHaveLength(2);
    expectFlow(ann, bob, [annCamera]);
  });

  it("gives each of two cameras published at once its own m-line, while the peer's camera has one to share", async () => {
    for (let apart = 0; apart <= 60; apart += 3) {
      const call = createModelCall({ seed: apart });
      const ann = await call.join("ann");
      const bob = await call.join("bob");
      const publish = (caller: Caller): Promise<LocalSource> =>
        caller.room.publish(fakeTrack("video"), { kind: "camera" });
      const annCamera = publish(ann);
      await call.time.advance(1_000);
      const first = publish(bob);
      await call.time.advance(apart);
      const second = publish(bob);
      await call.time.advance(1_000);
      expectFlow(ann, bob, [await annCamera]);
      expectFlow(bob, ann, await Promise.all([first, second]));
      expect(bob.connections[0]?.getTransceivers(), `${apart} ms apart`).toHaveLength(2);
    }
  });

  it("mutes, unmutes and switches tracks without a description", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const publishing = ann.room.publish(fakeTrack("video"), { kind: "camera", muted: true });
    await call.time.advance(1_000);
    const camera = await publishing;
    const before = descriptions(call).length;
    const step = async (work: Promise<void>): Promise<void> => {
      await call.time.advance(1_000);
      await work;
      expectFlow(ann, bob, [camera]);
    };
    expect(camera.muted).toBe(true);
    await step(camera.unmute());
    await step(camera.replaceTrack(fakeTrack("video")));
    await step(camera.mute());
    await step(camera.replaceTrack(fakeTrack("video")));
    await step(camera.unmute());
    expect(descriptions(call)).toHaveLength(before);
    await expect(camera.replaceTrack(fakeTrack("audio"))).rejects.toThrow(TypeError);
  });

  it("obeys a moderator's mute at both ends until its owner unmutes", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const publishing = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    const mic = await publishing;
    void bob.room.mute(mic.number);
    await call.time.advance(1_000);
    expect(mic.muted).toBe(true);
    expectFlow(ann, bob, [mic]);
    void mic.unmute();
    await call.time.advance(1_000);
    expect(mic.muted).toBe(false);
    expectFlow(ann, bob, [mic]);
  });

  it("stops sending before the room has heard of a mute", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    await call.join("bob");
    const publishing = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    const mic = await publishing;
    call.room.deaf = true;
    void mic.unmute();
    void mic.mute();
    await call.time.advance(50);
    expect(ann.connections[0]?.getTransceivers()[0]?.sender.track).toBeNull();
  });
});

describe("a lossy channel", () => {
  it("delays a first negotiation by no more than the way back, whenever and whomever it cuts off", {
    timeout: FUZZ_TIMEOUT,
  }, async () => {
    for (let moment = 0; moment <= 150; moment += 2) {
      for (const cut of [[0], [1], [0, 1]]) {
        const call = createModelCall({ seed: moment });
        const callers = [await call.join("ann"), await call.join("bob")] as const;
        const [ann, bob] = callers;
        const publications = callers.map(({ room }) => room.publish(fakeTrack("audio"), { kind: "mic" }));
        await call.time.advance(moment);
        for (const who of cut) callers[who]?.wire.cut();
        await call.time.advance(900);
        const [a, b] = await Promise.all(publications);
        expectFlow(ann, bob, [a as LocalSource]);
        expectFlow(bob, ann, [b as LocalSource]);
      }
    }
  });

  it("gets the restart that is owed to a peer as soon as that is back", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const publishing = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    const mic = await publishing;
    bob.wire.refuse = true;
    bob.wire.cut();
    await call.time.advance(100);
    for (const connection of ann.connections) connection.move();
    ann.host.change("network");
    await call.time.advance(500);
    bob.wire.refuse = false;
    // Bob himself would notice after 5 s.
    while (bob.room.store.get().status !== "connected") await call.time.advance(10);
    await call.time.advance(400);
    expectFlow(ann, bob, [mic]);
    expect(call.time.now()).toBeLessThan(5_000);
  });

  it("is asked for fresh servers once, however many connections restart", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    await call.join("bob");
    await call.join("cem");
    const publishing = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    await publishing;
    const asked = (): number => call.room.received.filter(({ type }) => type === "ice.servers").length;
    await call.time.advance(10_000);
    ann.host.change("network");
    await call.time.advance(1_000);
    expect(asked()).toBe(1);
    await call.time.advance(10_000);
    ann.host.change("network");
    await call.time.advance(1_000);
    expect(asked()).toBe(2);
  });

  it("brings a late comer servers whose credentials last, before anything is gathered by the old ones", async () => {
    const call = createModelCall();
    call.room.iceServersTtl = 600_000;
    const ann = await call.join("ann");
    const publishing = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(500_000);
    const bob = await call.join("bob");
    // The model's late comer misses the first description.
    await call.time.advance(3_000);
    expectFlow(ann, bob, [await publishing]);
    const urls = ({ connections }: Caller) => connections[0]?.getConfiguration().iceServers?.[0]?.urls;
    expect([urls(ann), urls(bob)]).toEqual([["stun:fresh.example"], ["stun:first.example"]]);
    const types = call.room.received.flatMap(({ type, pid }) => (pid === ann.room.store.get().you.pid ? type : []));
    expect(types.indexOf("ice.servers")).toBeLessThan(types.indexOf("peer.description"));
  });

  it("may swallow everything to one side without a word, and ICE restarts all the same", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const publishing = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    const mic = await publishing;
    // Bob's socket is dead and the room does not know: what Ann sends is gone, and no event will tell her that he is back.
    bob.wire.silence();
    for (const connection of ann.connections) connection.move();
    ann.host.change("network");
    await call.time.advance(1_000);
    bob.wire.heal();
    bob.host.change("network");
    await call.time.advance(20_000);
    expectFlow(ann, bob, [mic]);
  });

  it("brings media back after any cut during crossing ICE restarts", { timeout: FUZZ_TIMEOUT }, async () => {
    for (let moment = 0; moment <= 100; moment += 5) {
      for (const who of [0, 1]) {
        const call = createModelCall({ seed: moment });
        const callers = [await call.join("ann"), await call.join("bob")] as const;
        const [ann, bob] = callers;
        const publications = callers.map(({ room }) => room.publish(fakeTrack("audio"), { kind: "mic" }));
        await call.time.advance(1_000);
        for (const caller of callers) {
          for (const connection of caller.connections) connection.move();
          caller.host.change("network");
        }
        await call.time.advance(moment);
        callers[who]?.wire.cut();
        await call.time.advance(12_000);
        const [a, b] = await Promise.all(publications);
        expectFlow(ann, bob, [a as LocalSource]);
        expectFlow(bob, ann, [b as LocalSource]);
      }
    }
  });
});

describe("members", () => {
  it("are those with full grants, while the topology is mesh", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const mic = ann.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    expect(ann.room.connections.map(({ pid }) => pid)).toEqual(["p_00000002"]);
    const listener = { ...call.room.participants()[1], pid: "p_00000009", number: 9, direct: false };
    call.room.event({ type: "participant.joined", participant: listener });
    await call.time.advance(1_000);
    expect(ann.room.connections).toHaveLength(1);
    expect(ann.room.store.get().participants.at(-1)).toMatchObject({ number: 9, connection: "none" });

    call.room.event({
      type: "topology.changed",
      topology: { setting: "auto", current: "none", reason: "no-media-node" },
    });
    await call.time.advance(1_000);
    expect([...ann.connections, ...bob.connections].map(({ signalingState }) => signalingState)).toEqual([
      "closed",
      "closed",
    ]);
    expect(bob.room.store.get().participants[0]?.sources[0]).not.toHaveProperty("track");

    call.room.event({ type: "topology.changed", topology: { setting: "auto", current: "mesh", reason: "few" } });
    await call.time.advance(1_000);
    expectFlow(ann, bob, [await mic]);
  });

  it("that leave take their connection with them; that come back as somebody new get a new one", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const publications = [ann, bob].map(({ room }) => room.publish(fakeTrack("audio"), { kind: "mic" }));
    await call.time.advance(1_000);
    const [annMic, bobMic] = (await Promise.all(publications)) as [LocalSource, LocalSource];
    const { pid } = bob.room.store.get().you;
    const number = bobMic.number;
    bob.wire.cut();
    call.room.forget(pid);
    await call.time.advance(5_000);
    expect(bob.room.store.get().you.pid).not.toBe(pid);
    expect(bobMic.number).not.toBe(number);
    expectFlow(ann, bob, [annMic]);
    expectFlow(bob, ann, [bobMic]);
    void bob.room.leave();
    await call.time.advance(1_000);
    expect(ann.room.connections).toEqual([]);
    expect([...ann.connections, ...bob.connections].every(({ signalingState }) => signalingState === "closed")).toBe(
      true,
    );
  });

  it("that break the rules harm nobody else", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const cem = await call.join("cem");
    const publications = [ann, bob, cem].map(({ room }) => room.publish(fakeTrack("audio"), { kind: "mic" }));
    await call.time.advance(1_000);
    const [annMic, bobMic, cemMic] = (await Promise.all(publications)) as [LocalSource, LocalSource, LocalSource];
    const to = ann.room.store.get().you.pid;
    const from = cem.room.store.get().you.pid;
    const send = (frame: object): void => call.room.send(to, { from, ...frame });
    for (let round = 0; round < 3; round++) {
      send({ type: "peer.ack", negotiation: "?" });
      send({
        type: "peer.candidates",
        negotiation: "?",
        candidates: [{ candidate: "x", usernameFragment: `y${round}` }],
      });
      send({ type: "peer.description", negotiation: `a${round}`, description: { type: "answer", sdp: "?" } });
      send({ type: "peer.description", negotiation: `r${round}`, description: { type: "rollback", sdp: "" } });
      send({ type: "peer.description", negotiation: `o${round}`, description: { type: "offer", sdp: "?" } });
    }
    send({ type: "peer.description", negotiation: "z", description: { type: "offer", sdp: "?" }, from: "p_00000099" });
    await call.time.advance(2_000);
    expectFlow(bob, ann, [bobMic]);
    expectFlow(ann, bob, [annMic]);
    expect(ann.errors.length).toBe(3);
    expect(ann.room.store.get().participants[1]).toMatchObject({ connection: "none" });
    expect(cemMic.muted).toBe(false);
  });

  it("cannot speak for each other", async () => {
    const call = createModelCall();
    const ann = await call.join("ann");
    const bob = await call.join("bob");
    const cem = await call.join("cem");
    const mic = bob.room.publish(fakeTrack("audio"), { kind: "mic" });
    const liar = cem.room.publish(fakeTrack("audio"), { kind: "mic" });
    await call.time.advance(1_000);
    const { number } = await mic;
    const truth = ann.room.store.get().participants[0]?.sources[0]?.track;
    // Cem's next description claims that his m-line carries Bob's source.
    const accept = call.room.send;
    void (await liar).unpublish();
    await call.time.advance(100);
    accept(ann.room.store.get().you.pid, {
      type: "peer.description",
      from: cem.room.store.get().you.pid,
      negotiation: "lie",
      description: { type: "offer", sdp: cem.connections[0]?.currentLocalDescription?.sdp ?? "" },
      sources: { 0: number },
    });
    await call.time.advance(1_000);
    expect(ann.room.store.get().participants[0]?.sources[0]?.track).toBe(truth);
  });
});

type Step = { do: string; who: number; ms: number };

const WORKS = ["publish", "publish", "unpublish", "mute", "unmute", "replace", "cut", "silence", "heal", "move"];
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom(...WORKS, "down", "up", "forget"),
    who: fc.integer({ min: 0, max: 2 }),
    ms: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) }, fc.integer({ min: 0, max: 12_000 })),
  }),
  { maxLength: 25 },
);

describe("any sequence of publications, mutes, cuts and moves", () => {
  it(
    "ends with every source where it belongs",
    async () => {
      await fc.assert(
        fc.asyncProperty(steps, fc.integer(), async (steps, seed) => {
          const call = createModelCall({ seed });
          const callers = [await call.join("ann"), await call.join("bob"), await call.join("cem")];
          const sources = new Map<Caller, LocalSource[]>(callers.map(caller => [caller, []]));
          const quiet = (work: Promise<unknown>): void => void work.catch(() => {});
          for (const { do: work, who, ms } of steps) {
            const caller = callers[who] as Caller;
            const mine = sources.get(caller) as LocalSource[];
            const last = mine.at(-1);
            if (work === "publish" && mine.length < 4) {
              const kind = ms % 2 ? "camera" : "mic";
              const publishing = caller.room.publish(fakeTrack(kind === "mic" ? "audio" : "video"), { kind });
              quiet(publishing.then(source => mine.push(source)));
            } else if (work === "unpublish" && last) {
              mine.pop();
              quiet(last.unpublish());
            } else if (work === "mute" && last) quiet(last.mute());
            else if (work === "unmute" && last) quiet(last.unmute());
            else if (work === "replace" && last)
              quiet(last.replaceTrack(fakeTrack(last.track.kind as "audio" | "video")));
            else if (work === "cut") caller.wire.cut();
            else if (work === "silence") caller.wire.silence();
            else if (work === "heal") caller.wire.heal();
            else if (work === "down" || work === "up") {
              call.network.up = work === "up";
              call.network.touch();
            } else if (work === "forget") call.room.forget(caller.room.store.get().you.pid);
            else if (work === "move") {
              for (const connection of caller.connections) connection.move();
              caller.host.change("network");
            }
            await call.time.advance(ms);
          }
          call.network.up = true;
          call.network.touch();
          for (const caller of callers) {
            caller.wire.heal();
            caller.host.change("network");
          }
          await call.time.advance(90_000);
          for (const from of callers) {
            expect(from.errors.filter(error => !error.message.includes("nothing left to resume"))).toEqual([]);
            for (const to of callers) if (to !== from) expectFlow(from, to, sources.get(from) ?? []);
          }
        }),
        { numRuns: Math.min(fuzzRuns(40), 3_000) },
      );
    },
    FUZZ_TIMEOUT,
  );
});
