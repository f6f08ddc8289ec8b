import { beforeEach, describe, expect, it } from "vitest";
import { TandemError } from "../../protocol/errors.ts";
import type { Signaling, SignalingEvents } from "./signaling.ts";
import { createModelEdge, DELAY, type ModelEdge } from "./testing/model-edge.ts";

const token = (payload: object): string => `h.${btoa(JSON.stringify(payload))}.s`;

/** Note what a client hears of the given types. */
function record(signaling: Signaling, ...types: (keyof SignalingEvents)[]): unknown[] {
  const heard: unknown[] = [];
  for (const type of types) signaling.on(type, event => heard.push(event));
  return heard;
}

describe("joining", () => {
  let edge: ModelEdge;
  beforeEach(() => {
    edge = createModelEdge();
  });

  it("asks the room that the token names, with the token as subprotocol", async () => {
    const jwt = token({ room: "eu.stand-up" });
    const { wire, joining } = edge.start("ann", { token: jwt, room: undefined, url: "https://edge.example/" });
    await edge.time.advance(100);
    await joining;
    expect(wire.attempts).toMatchObject([
      { url: "wss://edge.example/v1/rooms/eu.stand-up/connect", protocols: ["tandem.v1", `bearer.${jwt}`] },
    ]);
  });

  it.each(["nonsense", "a.b.c", token({}), token({ room: 7 })])("refuses %s as a token without a room", async bad => {
    const { joining } = edge.start("ann", { token: bad, room: undefined });
    await expect(joining).rejects.toMatchObject({ code: "token-invalid" });
  });

  it("resolves with the whole of a paged snapshot", async () => {
    for (let number = 1; number <= 10; number++) await edge.join(`id-${number}`);
    const speaker = await edge.join("ann");
    for (let count = 0; count < 7; count++)
      await Promise.all([speaker.signaling.command("chat.send", { text: `${count}` }), edge.time.advance(50)]);
    const { signaling } = await edge.join("bob");
    const model = signaling.store.get();
    expect(model).toMatchObject({ status: "connected", id: "model", you: { identity: "bob", number: 12 } });
    expect(model.participants.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    expect(model.chat.map(({ text }) => text)).toEqual(["0", "1", "2", "3", "4", "5", "6"]);
  });

  it("shows nothing of a snapshot that was cut short", async () => {
    for (let number = 1; number <= 10; number++) await edge.join(`id-${number}`);
    const { wire, joining } = edge.start("ann");
    let joined = false;
    joining.then(() => {
      joined = true;
    });
    await edge.time.advance(4 * DELAY - 1);
    wire.cut();
    await edge.time.settle();
    expect(joined).toBe(false);
    await edge.time.advance(100);
    expect((await joining).store.get().participants).toHaveLength(10);
  });

  it.each([
    ["token-expired", false, 4412],
    ["room-full", true, 4418],
    ["brand-new", false, 4777],
  ])("rejects with the room's %s, and does not try again", async (code, retryable, close) => {
    edge.room.refusal = { code, retryable, close };
    const { wire, joining } = edge.start("ann");
    await edge.time.advance(60_000);
    const error = await joining.catch(error => error);
    expect(error).toBeInstanceOf(TandemError);
    expect(code === "brand-new" ? error.detail : error.code).toContain(code);
    expect(wire.attempts).toHaveLength(1);
  });

  it("goes on for 15 s against a server that is not there, then says so", async () => {
    const late = edge.start("ann");
    late.wire.refuse = true;
    await edge.time.advance(8_000);
    late.wire.refuse = false;
    await edge.time.advance(8_000);
    await expect(late.joining).resolves.toBeDefined();

    const never = edge.start("bob");
    never.wire.refuse = true;
    await edge.time.advance(40_000);
    await expect(never.joining).rejects.toMatchObject({ code: "unreachable", retryable: true });
    const tried = never.wire.attempts.length;
    await edge.time.advance(60_000);
    expect(never.wire.attempts).toHaveLength(tried);
  });

  it("rejects with what token() throws", async () => {
    const { joining } = edge.start("ann", { token: () => Promise.reject(new RangeError("no more")) });
    await expect(joining).rejects.toThrow(RangeError);
  });

  it("gives up with the signal's reason, before and after the first socket", async () => {
    for (const wait of [0, 3 * DELAY]) {
      const abort = new AbortController();
      const { wire, joining } = edge.start("ann", { signal: abort.signal });
      await edge.time.advance(wait);
      abort.abort("enough");
      await expect(joining).rejects.toBe("enough");
      await edge.time.advance(60_000);
      expect(wire.attempts.length).toBeLessThan(2);
    }
  });
});

describe("a place in the room", () => {
  let edge: ModelEdge;
  beforeEach(() => {
    edge = createModelEdge();
  });

  it("is resumed after a cut: what was missed comes once, what was unanswered is applied once", async () => {
    const { signaling, wire } = await edge.join("ann");
    const heard = record(signaling, "chat.message", "status", "synced");
    const { signaling: bob } = await edge.join("bob");

    const lost = signaling.command("chat.send", { text: "answer lost" });
    await edge.time.advance(DELAY + 1);
    wire.refuse = true;
    wire.cut();
    expect(signaling.store.get().status).toBe("reconnecting");
    const queued = signaling.command("chat.send", { text: "queued" });
    void bob.command("chat.send", { text: "missed" });
    await edge.time.advance(1_000);
    wire.refuse = false;
    await edge.time.advance(3_000);

    await expect(lost).resolves.toEqual({ message: 1 });
    await expect(queued).resolves.toEqual({ message: 3 });
    expect(edge.room.chat.map(({ text }) => text)).toEqual(["answer lost", "missed", "queued"]);
    expect(heard).toMatchObject([
      "reconnecting",
      { message: { text: "answer lost" } },
      { message: { text: "missed" } },
      "connected",
      { fresh: false },
      { message: { text: "queued" } },
    ]);
    expect(signaling.store.get().chat).toEqual(edge.room.chat);
    expect(wire.attempts.at(-1)?.protocols[1]).toMatch(/^resume\./);
  });

  it("is applied a replayed event only once, whatever the room sends", async () => {
    const { signaling } = await edge.join("ann");
    const heard = record(signaling, "room.updated");
    edge.room.event({ type: "room.updated", metadata: "once" });
    for (const event of edge.room.events) edge.room.send("p_00000001", event);
    await edge.time.advance(100);
    expect(heard).toHaveLength(1);
  });

  it("takes a snapshot when it has missed more than the room keeps, and keeps the chat it has if nothing is missing", async () => {
    const { signaling, wire } = await edge.join("ann");
    const { signaling: bob } = await edge.join("bob");
    void bob.command("chat.send", { text: "before" });
    await edge.time.advance(100);
    const known = signaling.store.get().participants[0];
    edge.room.replay = 2;
    wire.refuse = true;
    wire.cut();
    for (let count = 0; count < 5; count++) void bob.command("chat.send", { text: `missed ${count}` });
    await edge.time.advance(100);
    wire.refuse = false;
    await edge.time.advance(1_000);
    expect(signaling.store.get()).toMatchObject({ status: "connected", chat: edge.room.chat });
    expect(signaling.store.get().participants).toEqual([known]);
  });

  it("starts anew, with a token asked for anew, when there is nothing left to resume", async () => {
    const tokens = ["h.ann.1", "h.ann.2"];
    const { signaling, wire } = await edge.join("ann", { token: async () => tokens.shift() ?? "" });
    const heard = record(signaling, "synced", "status");
    const before = signaling.store.get().you.pid;
    const doubtful = signaling.command("chat.send", { text: "seen, unanswered" });
    edge.room.deaf = true;
    await edge.time.advance(DELAY);
    edge.room.deaf = false;
    wire.cut();
    edge.room.forget(before);
    const safe = signaling.command("chat.send", { text: "never sent" });
    await edge.time.advance(2_000);
    await expect(doubtful).rejects.toMatchObject({ code: "resume-refused" });
    await expect(safe).resolves.toEqual({ message: 1 });
    expect(heard).toEqual(["reconnecting", "connected", { fresh: true }]);
    expect(signaling.store.get().you.pid).not.toBe(before);
    expect(wire.attempts.map(({ protocols }) => protocols[1])).toEqual([
      "bearer.h.ann.1",
      expect.stringMatching(/^resume\./),
      "bearer.h.ann.2",
    ]);
  });

  it("goes into a room's next life by a snapshot, and counts events from its start", async () => {
    const { signaling, wire } = await edge.join("ann");
    for (let count = 0; count < 20; count++) edge.room.event({ type: "room.updated", metadata: `${count}` });
    await edge.time.advance(100);
    edge.room.renew();
    wire.cut();
    await edge.time.advance(2_000);
    edge.room.event({ type: "room.updated", metadata: "new life" });
    await edge.time.advance(100);
    expect(signaling.store.get()).toMatchObject({ life: "life-0002", metadata: "new life" });
  });

  it("asks for a token again and again while that fails by the network, and ends when it fails for good", async () => {
    let fails: Error | undefined;
    let asked = 0;
    const { signaling, wire } = await edge.join("ann", {
      async token() {
        asked++;
        if (fails) throw fails;
        return "h.ann.t";
      },
    });
    fails = new TypeError("Failed to fetch");
    edge.room.forget(signaling.store.get().you.pid);
    await edge.time.advance(5_000);
    expect(asked).toBeGreaterThan(3);
    expect(signaling.store.get().status).toBe("reconnecting");
    fails = new TandemError("invitation-invalid");
    await edge.time.advance(10_000);
    expect(signaling.store.get()).toMatchObject({ status: "closed", error: { code: "invitation-invalid" } });
    const tried = wire.attempts.length;
    await edge.time.advance(60_000);
    expect(wire.attempts).toHaveLength(tried);
  });

  it.each([
    ["replaced", 4416],
    ["removed", 4415],
    ["room-closed", 4419],
  ])("ends for good when %s", async (code, close) => {
    const { signaling, wire } = await edge.join("ann");
    const heard = record(signaling, "status", "error");
    const pending = signaling.command("chat.send", { text: "too late" });
    pending.catch(() => {});
    edge.room.end("p_00000001", { code, retryable: false }, close);
    edge.room.deaf = true;
    await edge.time.advance(60_000);
    expect(signaling.store.get()).toMatchObject({ status: "closed", error: { code, retryable: false } });
    await expect(pending).rejects.toMatchObject({ code });
    await expect(signaling.command("chat.send", { text: "later" })).rejects.toMatchObject({ code });
    expect(heard).toEqual(["closed", expect.objectContaining({ code })]);
    expect(wire.attempts).toHaveLength(1);
  });

  it("comes back after an end that is not for good", async () => {
    const { signaling } = await edge.join("ann");
    edge.room.end("p_00000001", { code: "going-away", retryable: true }, 4434);
    await edge.time.advance(500);
    expect(signaling.store.get().status).toBe("connected");
  });

  it("finds a connection that died in silence, and its resume takes the place of the dead one", async () => {
    const { signaling, wire } = await edge.join("ann");
    wire.silence();
    const command = signaling.command("chat.send", { text: "into the void" });
    await edge.time.advance(15_900);
    wire.heal();
    await edge.time.advance(1_000);
    await expect(command).resolves.toEqual({ message: 1 });
    expect(edge.room.participants()).toHaveLength(1);
  });

  it("is left once: the room hears of it, the socket closes, nothing comes back", async () => {
    const { signaling, wire } = await edge.join("ann");
    const left = Promise.all([signaling.leave(), signaling.leave()]);
    await edge.time.advance(100);
    await left;
    expect(edge.room.participants()).toEqual([]);
    expect(edge.room.applied.map(({ type }) => type)).toEqual(["leave"]);
    expect(signaling.store.get()).toMatchObject({ status: "closed" });
    expect(signaling.store.get().error).toBeUndefined();
    await expect(signaling.command("chat.send", { text: "x" })).rejects.toMatchObject({ code: "wrong-state" });
    await edge.time.advance(60_000);
    expect(wire.attempts).toHaveLength(1);
  });

  it("is left within 2 s even if the room does not answer, and at once without a connection", async () => {
    const { signaling } = await edge.join("ann");
    edge.room.deaf = true;
    const left = signaling.leave();
    await edge.time.advance(2_000);
    await left;
    edge.room.deaf = false;
    const other = await edge.join("bob");
    other.wire.refuse = true;
    other.wire.cut();
    await other.signaling.leave();
    expect(other.signaling.store.get().status).toBe("closed");
  });

  it("is left when the page goes, or the signal aborts", async () => {
    const page = await edge.join("ann");
    page.host.change("unload");
    const abort = new AbortController();
    await edge.join("bob", { signal: abort.signal });
    abort.abort();
    await edge.time.advance(100);
    expect(edge.room.participants()).toEqual([]);
  });

  it("tells of invalid frames and goes on, and ignores what it doesn't know", async () => {
    const { signaling } = await edge.join("ann");
    const errors = record(signaling, "error");
    edge.room.send("p_00000001", { type: "participant.left", seq: "x" });
    edge.room.send("p_00000001", { type: "aurora" });
    await edge.time.advance(100);
    expect(errors).toMatchObject([{ code: "bad-frame" }]);
    expect(signaling.store.get().status).toBe("connected");
  });

  it.each([
    { type: "welcome" },
    { type: "snapshot", part: 0, last: true, participants: [], chat: [] },
    { type: "replay", part: 0, last: true, events: [] },
  ])("ends when the room breaks the contract by %o", async frame => {
    const { signaling } = await edge.join("ann");
    edge.room.send("p_00000001", frame);
    await edge.time.advance(60_000);
    expect(signaling.store.get()).toMatchObject({ status: "closed", error: { code: "bad-frame" } });
  });
});

describe("signals", () => {
  let edge: ModelEdge;
  beforeEach(() => {
    edge = createModelEdge();
  });

  it("go to those named, or to everybody else", async () => {
    const [ann, bob, cem] = [await edge.join("ann"), await edge.join("bob"), await edge.join("cem")];
    const heard = [ann, bob, cem].map(({ signaling }) => record(signaling, "app.message"));
    expect(ann.signaling.signal("app.message", { data: { x: 1 }, to: ["p_00000002"] })).toBe(true);
    expect(bob.signaling.signal("app.message", { data: null, topic: "t" })).toBe(true);
    await edge.time.advance(100);
    const from = (number: number): object => ({ type: "app.message", from: `p_0000000${number}` });
    expect(heard).toEqual([
      [{ ...from(2), data: null, topic: "t", direct: false }],
      [{ ...from(1), data: { x: 1 }, direct: true }],
      [{ ...from(2), data: null, topic: "t", direct: false }],
    ]);
  });

  it("are not kept while there is no connection", async () => {
    const { signaling, wire } = await edge.join("ann");
    wire.cut();
    expect(signaling.signal("app.message", { data: 1 })).toBe(false);
    await edge.time.advance(1_000);
    expect(edge.room.received).toEqual([]);
  });

  it("report what answers them only where the application asked", async () => {
    const [ann, bob] = [await edge.join("ann"), await edge.join("bob")];
    const errors = record(ann.signaling, "error");
    bob.wire.refuse = true;
    bob.wire.cut();
    await edge.time.advance(50);
    ann.signaling.signal("peer.ack", { to: "p_00000002", negotiation: "1" });
    await edge.time.advance(50);
    expect(errors).toEqual([]);
    ann.signaling.signal("app.message", { to: ["p_00000002"], data: 1 }, { report: true });
    await edge.time.advance(50);
    expect(errors).toMatchObject([{ code: "peer-away" }]);
  });
});

describe("listeners", () => {
  it("end by their function or their signal", async () => {
    const edge = createModelEdge();
    const { signaling } = await edge.join("ann");
    const heard: string[] = [];
    const abort = new AbortController();
    const off = signaling.on("room.updated", () => heard.push("off"));
    signaling.on("room.updated", () => heard.push("signal"), { signal: abort.signal });
    signaling.on("room.updated", () => heard.push("on"));
    signaling.on("room.updated", () => heard.push("never"), { signal: AbortSignal.abort() });
    edge.room.event({ type: "room.updated", metadata: "1" });
    await edge.time.advance(50);
    off();
    abort.abort();
    edge.room.event({ type: "room.updated", metadata: "2" });
    await edge.time.advance(50);
    expect(heard).toEqual(["off", "signal", "on", "on"]);
  });

  it("of the store are called for changes only", async () => {
    const edge = createModelEdge();
    const { signaling } = await edge.join("ann");
    let calls = 0;
    const off = signaling.store.subscribe(() => calls++);
    const before = signaling.store.get();
    edge.room.event({ type: "room.closed" });
    await edge.time.advance(50);
    expect(signaling.store.get()).toBe(before);
    edge.room.event({ type: "room.updated", metadata: "1" });
    await edge.time.advance(50);
    off();
    edge.room.event({ type: "room.updated", metadata: "2" });
    await edge.time.advance(50);
    expect(calls).toBe(1);
  });
});
