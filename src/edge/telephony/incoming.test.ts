import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import type { TestNode } from "../testing/node.ts";
import { callOf, createTestTelephony, orderOf, stateOf, telephony } from "../testing/telephony.ts";
import { pass, ring } from "../testing/time.ts";

const phones = createTestTelephony("in");
afterEach(async () => {
  vi.useRealTimers();
  await phones.clear();
});

const participants = async (room: string): Promise<Frame[]> =>
  ((await (await askApi("GET", `/v1/rooms/${room}/participants`)).json()) as { participants: Frame[] }).participants;
const dials = (node: TestNode, call: string, digits: string) => node.send({ type: "call.digits", call, digits });

describe("a call that comes in", () => {
  it("enters the room of its number, and is a participant there", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const room = uniqueRoom();
    const { id: rule } = await phones.rule({ trunks: [trunk.id], numbers: ["+4930*"], room });
    const ada = await join(room, "ada");
    const call = phones.incoming(node, trunk);
    const joined = await orderOf(node, "call.join", call);
    const opened = await orderOf(node, "room.open" as never);
    expect(joined).toMatchObject({ room, life: (opened as Frame).life, epoch: (opened as Frame).epoch });
    expect(await participants(room)).toMatchObject([
      { identity: "ada" },
      {
        pid: joined.pid,
        kind: "phone",
        identity: "phone:+4930123",
        name: "+4930123",
        sources: [{ kind: "mic", muted: false }],
        attributes: { "sip.callId": call, "sip.callStatus": "active", "sip.phoneNumber": "+4930123" },
      },
    ]);
    expect(await orderOf(node, "call.prompt", call)).toMatchObject({ prompt: "welcome" });
    expect(await stateOf(call, "active")).toMatchObject({ direction: "in", rule, room, pid: joined.pid });
    await ada.next(frame => frame.type === "topology.changed" && frame.topology.current === "sfu");
  });

  it("has a camera in the room while it shows something, where its trunk lets it", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { video: true });
    const room = uniqueRoom();
    await phones.rule({ trunks: [trunk.id], room });
    const ada = await join(room, "ada");
    const call = phones.incoming(node, trunk);
    const { pid } = await orderOf(node, "call.join", call);
    await stateOf(call, "active");
    const other = await phones.node();
    other.send({ type: "call.video", call, on: true });
    for (const on of [true, true, false]) node.send({ type: "call.video", call, on });
    const published = await ada.next(frame => frame.type === "source.published" && frame.source.kind === "camera");
    expect(published).toMatchObject({ pid, source: { kind: "camera", muted: false } });
    expect(await ada.next("source.unpublished")).toMatchObject({ number: published.source.number });
  });

  it("leaves when it is hung up, and the room goes back to what it was", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const room = uniqueRoom();
    await phones.rule({ trunks: [trunk.id], room });
    const ada = await join(room, "ada");
    const call = phones.incoming(node, trunk);
    const { pid } = await orderOf(node, "call.join", call);
    node.send({ type: "call.state", call, state: "ended", cause: { sip: 200, q850: 16, reason: "hangup" } });
    const left = await ada.next("participant.left");
    expect(left).toMatchObject({ pid, reason: "left" });
    expect(await stateOf(call, "ended")).toMatchObject({ cause: { sip: 200, q850: 16, reason: "hangup" } });
  });

  it("is hung up by the node when a moderator removes it, and its number stays out", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const room = uniqueRoom();
    await phones.rule({ trunks: [trunk.id], room });
    const ada = await join(room, "ada");
    const { pid } = await orderOf(node, "call.join", phones.incoming(node, trunk));
    await ada.ask("moderate.remove", { pid });
    await vi.waitFor(() => expect(node.commands.at(-1)).toMatchObject({ type: "participant.remove", pid }));
    const again = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", again)).toMatchObject({ status: 403, reason: "removed" });
  });

  it("may share its number with another in the room, and hide it", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const room = uniqueRoom();
    await phones.rule({ trunks: [trunk.id], numbers: ["1"], room });
    await phones.rule({ trunks: [trunk.id], numbers: ["2"], room, hideNumber: true });
    await join(room, "ada");
    for (const [from, to] of [
      ["+1", "1"],
      ["+1", "1"],
      ["", "1"],
      ["+4930123", "2"],
    ] as const) {
      await orderOf(node, "call.join", phones.incoming(node, trunk, from, to));
    }
    const [, first, second, anonymous, hidden] = await participants(room);
    expect(first?.identity).toBe("phone:+1");
    expect(second?.identity).toMatch(/^phone:\+1:c_/);
    expect(anonymous).toMatchObject({ identity: "phone:anonymous", name: "Phone" });
    expect(JSON.stringify(hidden)).not.toContain("4930123");
  });

  it.each<[string, Record<string, unknown>, number, string]>([
    ["no rule names its number", { numbers: ["+1"] }, 404, "no-rule"],
    ["its own number is not on the rule's list", { callers: ["+49301234"] }, 404, "no-rule"],
    ["there is no such room", {}, 404, "no-such-room"],
  ])("is refused with the reason where %s", async (_what, rule, status, reason) => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), ...rule });
    const call = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", call)).toMatchObject({ status, reason });
    expect(await callOf(call)).toMatchObject({ state: "ended", cause: { sip: status, reason } });
  });

  it("makes its room where the rule says so, one for each caller with a prefix", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const prefix = uniqueRoom().slice(0, 20);
    await phones.rule({ trunks: [trunk.id], roomPrefix: prefix });
    const first = await orderOf(node, "call.join", phones.incoming(node, trunk, "+4930123"));
    const second = await orderOf(node, "call.join", phones.incoming(node, trunk, "+4930124"));
    expect([first.room, second.room]).toEqual([`${prefix}-4930123`, `${prefix}-4930124`]);
  });

  it("is refused where another node carries the room, and nobody is left in it", async () => {
    const elsewhere = await phones.fleet.link();
    const room = uniqueRoom();
    for (const identity of ["ada", "bob", "cyd"]) await join(room, identity);
    await ring(room);
    await vi.waitFor(() => expect(elsewhere.commands.some(({ type }) => type === "room.open")).toBe(true));
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await phones.rule({ trunks: [trunk.id], room });
    const call = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", call)).toMatchObject({ status: 503, reason: "room-elsewhere" });
    expect((await participants(room)).map(({ kind }) => kind)).toEqual(["client", "client", "client"]);
  });

  it("is refused beyond what the trunk may carry, with the limit's name", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { maxCalls: 1 });
    const slow = await phones.trunk(node, { callsPerSecond: 1 });
    const room = uniqueRoom();
    await phones.rule({ room });
    await join(room, "ada");
    const now = Date.now();
    vi.useFakeTimers({ toFake: ["Date"], now });
    await orderOf(node, "call.join", phones.incoming(node, trunk));
    const more = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", more)).toMatchObject({ status: 503, reason: "max-calls" });
    await orderOf(node, "call.join", phones.incoming(node, slow));
    const soon = phones.incoming(node, slow);
    expect(await orderOf(node, "call.reject", soon)).toMatchObject({ reason: "calls-per-second" });
    pass(1_001);
    await orderOf(node, "call.join", phones.incoming(node, slow));
  });

  it("is refused by a trunk that another node holds, and taken once however often it is told", async () => {
    const holder = await phones.node();
    const node = await phones.node();
    const trunk = await phones.trunk(holder);
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), create: true });
    const stray = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", stray)).toMatchObject({ reason: "trunk-elsewhere" });
    const call = phones.incoming(holder, trunk);
    await stateOf(call, "active");
    holder.send({ type: "call.incoming", call, trunk: trunk.id, from: "+1", to: "+1" });
    node.send({ type: "call.state", call, state: "ended" });
    await orderOf(node, "call.reject", phones.incoming(node, trunk));
    expect(holder.commands.filter(({ type }) => type === "call.join")).toHaveLength(1);
    expect((await callOf(call)).state).toBe("active");
  });

  it("that ends while the room is being found leaves nobody there", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const room = uniqueRoom();
    await phones.rule({ trunks: [trunk.id], room });
    await join(room, "ada");
    node.manner = "ignore";
    const call = phones.incoming(node, trunk);
    const opened = (await orderOf(node, "room.open" as never)) as Frame;
    node.send({ type: "call.state", call, state: "ended", cause: { sip: 487, reason: "cancelled" } });
    await stateOf(call, "ended");
    node.manner = "answer";
    node.send({ type: "done", id: opened.id });
    await vi.waitFor(async () => expect((await participants(room)).map(({ kind }) => kind)).toEqual(["client"]));
    expect(node.commands.some(({ type }) => type === "call.join")).toBe(false);
  });
});

describe("a PIN", () => {
  it("is asked for, and chooses the room", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const [one, two] = [uniqueRoom(), uniqueRoom()];
    await phones.rule({ trunks: [trunk.id], room: one, pin: "1111", create: true });
    await phones.rule({ trunks: [trunk.id], room: two, pin: "2222", create: true });
    const call = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.prompt", call)).toMatchObject({ prompt: "pin", digits: 4 });
    dials(node, call, "1234");
    await vi.waitFor(async () =>
      expect(await orderOf(node, "call.prompt", call)).toMatchObject({ prompt: "wrong-pin", digits: 4 }),
    );
    dials(node, call, "2222#");
    expect((await orderOf(node, "call.join", call)).room).toBe(two);
    const events = (await stateOf(call, "active")).events.map(({ event }) => event);
    expect(events).toEqual(["incoming", "pin", "wrong-pin", "rule", "joined"]);
  });

  it("that is wrong three times ends the call, and what is entered afterwards counts for nothing", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), pin: "123456", create: true });
    const call = phones.incoming(node, trunk);
    for (const digits of ["1", "", "3", "123456"]) dials(node, call, digits);
    await vi.waitFor(async () => expect((await orderOf(node, "call.prompt", call)).prompt).toBe("locked"));
    node.send({ type: "call.state", call, state: "ended", cause: { reason: "locked" } });
    const { events } = await stateOf(call, "ended");
    expect(events.map(({ event }) => event)).toEqual([
      ...["incoming", "pin", "wrong-pin", "wrong-pin", "wrong-pin", "ended"],
    ]);
    expect(node.commands.some(({ type }) => type === "call.join")).toBe(false);
  });

  it("that a caller has guessed at too often is asked of it no more for an hour; others may come", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), pin: "123456", create: true });
    for (let tries = 0; tries < 6; tries += 3) {
      const call = phones.incoming(node, trunk);
      await orderOf(node, "call.prompt", call);
      for (let n = 0; n < 3; n++) dials(node, call, `00${n}`);
      await vi.waitFor(async () => expect((await orderOf(node, "call.prompt", call)).prompt).toBe("locked"));
      node.send({ type: "call.state", call, state: "ended" });
    }
    const locked = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", locked)).toMatchObject({ status: 403, reason: "locked" });
    expect((await callOf(locked)).events).toContainEqual(
      expect.objectContaining({ event: "locked", detail: "caller" }),
    );
    await orderOf(node, "call.prompt", phones.incoming(node, trunk, "+49555"));
    pass(3_600_001);
    await orderOf(node, "call.prompt", phones.incoming(node, trunk));
  });

  it("is asked of nobody while all callers together guess too much", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), pin: "123456", create: true });
    await runInDurableObject(telephony(), (_, { storage }) => {
      for (let n = 0; n < 60; n++) storage.sql.exec("INSERT INTO wrong_pins VALUES (?, ?)", `${n}`, Date.now());
    });
    const call = phones.incoming(node, trunk);
    expect(await orderOf(node, "call.reject", call)).toMatchObject({ reason: "locked" });
    expect((await callOf(call)).events).toContainEqual(expect.objectContaining({ detail: "everybody" }));
  });
});
