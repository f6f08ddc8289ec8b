import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import { HOST_GRANTS } from "../../protocol/grants.ts";
import type { Call } from "../../protocol/telephony.ts";
import { askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import { callOf, createTestTelephony, orderOf, stateOf, telephony } from "../testing/telephony.ts";
import { pass, ring, stubOf } from "../testing/time.ts";

const phones = createTestTelephony("out");
afterEach(async () => {
  vi.useRealTimers();
  await phones.clear();
});

const post = (body: unknown): Promise<Response> => askApi("POST", "/v1/calls", body);
const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;
const statusOf = (frame: Frame) => frame.attributes?.["sip.callStatus"];

describe("a call that goes out", () => {
  it("is in the room while it rings, is answered, held, sent digits and hung up", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { allow: ["+49*"], callerId: "+4930555" });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const response = await post({ room, trunk: trunk.id, to: "+4940123", name: "Grandma" });
    expect(response.status).toBe(201);
    const { id, pid }: Call = await response.json();
    const started = await orderOf(node, "call.start", id);
    expect(started).toMatchObject({ trunk: trunk.id, to: "+4940123", from: "+4930555", room, pid });
    expect((await ada.next("participant.joined")).participant).toMatchObject({
      ...{ pid, kind: "phone", identity: "phone:+4940123", name: "Grandma" },
      attributes: { "sip.callStatus": "dialing", "sip.phoneNumber": "+4940123", "sip.trunkId": trunk.id },
    });
    const says = async (state: "ringing" | "answered" | "held", shown: string) => {
      node.send({ type: "call.state", call: id, state });
      await ada.next(frame => frame.type === "participant.updated" && statusOf(frame) === shown);
    };
    await says("ringing", "ringing");
    expect(await codeOf(await askApi("PATCH", `/v1/calls/${id}`, { held: true }))).toBe("call-state");
    await says("answered", "active");
    expect((await callOf(id)).answeredAt).toBeGreaterThan(0);

    const dtmf = await askApi("PATCH", `/v1/calls/${id}`, { dtmf: "12#", held: true });
    expect(await dtmf.json()).toMatchObject({ id, state: "held" });
    expect(await orderOf(node, "call.dtmf", id)).toMatchObject({ digits: "12#" });
    expect(await orderOf(node, "call.hold", id)).toMatchObject({ held: true });
    await ada.next(frame => frame.type === "participant.updated" && statusOf(frame) === "held");

    expect((await askApi("DELETE", `/v1/calls/${id}`)).status).toBe(204);
    await orderOf(node, "call.hangup", id);
    await ada.next("participant.left");
    expect(await codeOf(await askApi("DELETE", `/v1/calls/${id}`))).toBe("no-such-call");
    expect((await callOf(id)).events.map(({ event }) => event)).toEqual([
      ...["dialing", "ringing", "active", "held", "ended"],
    ]);
  });

  it("that fails tells the room why, and leaves", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { allow: ["*"] });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const { id }: Call = await (await post({ room, trunk: trunk.id, to: "123" })).json();
    node.send({ type: "call.state", call: id, state: "ended", cause: { sip: 486, q850: 17, reason: "busy" } });
    const update = await ada.next(frame => frame.type === "participant.updated" && statusOf(frame) === "ended");
    expect(update.attributes["sip.reason"]).toBe("busy");
    await ada.next("participant.left");
    expect((await stateOf(id, "ended")).cause).toEqual({ sip: 486, q850: 17, reason: "busy" });
  });

  it("takes nothing that its trunk doesn't name, can't carry, or has no node for", async () => {
    const node = await phones.node();
    const room = uniqueRoom();
    await join(room, "ada");
    const closed = await phones.trunk(node);
    const limited = await phones.trunk(node, { allow: ["+49*"], maxCalls: 1 });
    const nobodys = await phones.trunk(undefined, { allow: ["*"], node: "no-such-node" });
    const call = (trunk: string, to = "+4940123", of = room) => post({ room: of, trunk, to });
    expect(await codeOf(await call(closed.id))).toBe("destination-denied");
    expect(await codeOf(await call(limited.id, "+33123"))).toBe("destination-denied");
    expect(await codeOf(await call("nothing"))).toBe("no-such-trunk");
    expect(await codeOf(await call(nobodys.id))).toBe("trunk-unavailable");
    expect(await codeOf(await call(limited.id, "+4940123", uniqueRoom()))).toBe("no-such-room");
    expect((await call(limited.id)).status).toBe(201);
    expect(await codeOf(await call(limited.id, "+4940124"))).toBe("trunk-busy");
    expect(node.commands.filter(({ type }) => type === "call.start")).toHaveLength(1);
    expect(await codeOf(await post({ room, trunk: limited.id, to: "+49 40\r\nVia: x" }))).toBe("bad-request");
  });

  it("that the node refuses leaves nobody in the room", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { allow: ["*"] });
    const room = uniqueRoom();
    await join(room, "ada");
    await post({ room, trunk: trunk.id, to: "1" });
    node.manner = "refuse";
    expect((await post({ room, trunk: trunk.id, to: "2" })).status).toBe(404);
    const { participants }: { participants: Frame[] } = await (
      await askApi("GET", `/v1/rooms/${room}/participants`)
    ).json();
    expect(participants.map(({ identity }) => identity)).toEqual(["ada", "phone:1"]);
  });
});

describe("somebody in the room with the grant", () => {
  const DIALER = { ...HOST_GRANTS, dial: true };

  it("calls a telephone, presses keys there and hangs up; asking again after a lost answer changes nothing", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { allow: ["+4977*"] });
    const room = uniqueRoom();
    const ada = await join(room, "ada", { grants: DIALER });
    const { id: first, result } = await ada.ask("phone.call", { to: "+4977123" });
    expect(await orderOf(node, "call.start", result.call)).toMatchObject({ trunk: trunk.id, pid: result.pid });
    ada.send({ type: "phone.call", id: first, to: "+4977123" });
    expect((await ada.next(frame => frame.type === "ok" && frame.id === first)).result).toEqual(result);
    expect(node.commands.filter(({ type }) => type === "call.start")).toHaveLength(1);

    node.send({ type: "call.state", call: result.call, state: "answered" });
    await stateOf(result.call, "active");
    const pressed = await ada.ask("phone.update", { pid: result.pid, dtmf: "1" });
    ada.send({ type: "phone.update", id: pressed.id, pid: result.pid, dtmf: "1" });
    await ada.next(frame => frame.type === "ok" && frame.id === pressed.id);
    expect(node.commands.filter(({ type }) => type === "call.dtmf")).toHaveLength(1);

    expect(await ada.ask("phone.hangup", { pid: result.pid })).toMatchObject({ type: "ok" });
    await orderOf(node, "call.hangup", result.call);
    await ada.next("participant.left");
  });

  it("is told which numbers can't be called; nobody else may dial, and people are no telephones", async () => {
    const node = await phones.node();
    await phones.trunk(node, { allow: ["+4977*"] });
    const room = uniqueRoom();
    const ada = await join(room, "ada", { grants: DIALER });
    const bob = await join(room, "bob", { grants: { ...HOST_GRANTS } });
    expect(await ada.ask("phone.call", { to: "+1900555" })).toMatchObject({ code: "destination-denied" });
    expect(await bob.ask("phone.call", { to: "+4977123" })).toMatchObject({ code: "no-grant" });
    expect(await ada.ask("phone.hangup", { pid: bob.pid })).toMatchObject({ code: "no-such-participant" });
    expect(node.commands.some(({ type }) => type === "call.start")).toBe(false);
  });
});

describe("while a call runs", () => {
  it("its room and telephony have nothing to do", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { allow: ["*"] });
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const { id }: Call = await (await post({ room, trunk: trunk.id, to: "123" })).json();
    node.send({ type: "call.state", call: id, state: "answered" });
    await ada.next(frame => frame.type === "participant.updated" && statusOf(frame) === "active");
    pass(2_000);
    await ring(room);
    const timers = await runInDurableObject(stubOf(room), (_, { storage }) =>
      storage.sql.exec("SELECT kind FROM timers").toArray(),
    );
    expect(timers, "but the look for dead sockets, every five minutes").toEqual([{ kind: "sweep" }]);
    expect(await runInDurableObject(telephony(), (_, { storage }) => storage.getAlarm())).toBeNull();
  });
});
