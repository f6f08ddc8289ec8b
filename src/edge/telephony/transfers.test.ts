import { afterEach, describe, expect, it } from "vitest";
import { HOST_GRANTS } from "../../protocol/grants.ts";
import type { Call } from "../../protocol/telephony.ts";
import { askApi, type Frame, join, uniqueRoom } from "../testing/client.ts";
import type { TestNode } from "../testing/node.ts";
import { callOf, createTestTelephony, orderOf, stateOf } from "../testing/telephony.ts";

const phones = createTestTelephony("move");
afterEach(phones.clear);

const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;
const started = (node: TestNode) => node.commands.filter(({ type }) => type === "call.start");

/** A telephone that called in and is in a room. */
async function createTalk(more: Record<string, unknown> = {}) {
  const node = await phones.node();
  const trunk = await phones.trunk(node, { allow: ["+49*"], ...more });
  const room = uniqueRoom();
  const ada = await join(room, "ada", { grants: { ...HOST_GRANTS, dial: true } });
  await phones.rule({ trunks: [trunk.id], room });
  const call = phones.incoming(node, trunk);
  await orderOf(node, "call.join", call);
  const { pid } = await stateOf(call, "active");
  return { node, trunk, room, ada, call, pid };
}

describe("a telephone that wants to be replaced by another (REFER)", () => {
  it("has that called into its room, by its trunk, and the node is told whose wish it is", async () => {
    const { node, trunk, room, call } = await createTalk({ transfer: "blind" });
    node.send({ type: "call.transfer-wanted", call, to: "+49401" });
    const start = await orderOf(node, "call.start");
    expect(start).toMatchObject({ trunk: trunk.id, room, to: "+49401", referrer: call });
    node.send({ type: "call.state", call: start.call, state: "answered" });
    await stateOf(start.call, "active");
    node.send({ type: "call.state", call, state: "ended", cause: { reason: "transferred" } });
    expect(await stateOf(call, "ended")).toMatchObject({ cause: { reason: "transferred" } });
    expect((await callOf(call)).events).toContainEqual(
      expect.objectContaining({ event: "transfer", detail: "+49401" }),
    );
    expect((await callOf(start.call)).state).toBe("active");
  });

  it.each([
    ["a number that its trunk may not call", { transfer: "on" }, "+1900555", {}, 403],
    ["anything, where its trunk lets it ask for nothing", {}, "+49401", {}, 403],
    ["another's place, where only numbers may be asked for", { transfer: "blind" }, "+49401", { replaces: "a" }, 403],
    ["more calls than its trunk carries", { transfer: "on", maxCalls: 1 }, "+49401", {}, 486],
  ])("gets nothing for wanting %s, and stays", async (_, more, to, wanted, status) => {
    const { node, call } = await createTalk(more);
    node.send({ type: "call.transfer-wanted", call, to, ...wanted });
    expect(await orderOf(node, "call.transfer-refused", call)).toMatchObject({ status });
    expect(started(node)).toEqual([]);
    expect((await callOf(call)).state).toBe("active");
    expect((await callOf(call)).events.at(-1)).toMatchObject({ event: "transfer", cause: { sip: status } });
  });

  it("that registers here has those called that its trunk names, by whichever trunk may", async () => {
    const own = {
      registration: "inbound",
      host: undefined,
      accept: { credentials: { username: "me", password: "p" } },
    };
    const { node, call, room } = await createTalk({ transfer: "blind", allow: ["+4955*"], ...own });
    const way = await phones.trunk(node, { allow: ["+49*"] });
    node.send({ type: "call.transfer-wanted", call, to: "+4966" });
    expect(await orderOf(node, "call.transfer-refused", call)).toMatchObject({ status: 403 });
    node.send({ type: "call.transfer-wanted", call, to: "+4955123" });
    expect(await orderOf(node, "call.start")).toMatchObject({ trunk: way.id, room, to: "+4955123", referrer: call });
  });

  it("before it is in a room, or of another node, moves nobody", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node, { allow: ["*"], transfer: "on" });
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), pin: "4711" });
    const call = phones.incoming(node, trunk);
    await orderOf(node, "call.prompt", call);
    const stranger = await phones.node();
    stranger.send({ type: "call.transfer-wanted", call, to: "+49401" });
    node.send({ type: "call.transfer-wanted", call, to: "+49401" });
    expect(await orderOf(node, "call.transfer-refused", call)).toMatchObject({ status: 503 });
    expect([...started(node), ...started(stranger)]).toEqual([]);
    expect(stranger.commands.some(({ type }) => type === "call.transfer-refused")).toBe(false);
  });

  it("hands on the call whose place the new one takes", async () => {
    const { node, call } = await createTalk({ transfer: "on" });
    const replaces = "a@b;to-tag=1;from-tag=2";
    node.send({ type: "call.transfer-wanted", call, to: "+49401", replaces });
    expect(await orderOf(node, "call.start")).toMatchObject({ referrer: call, replaces });
  });
});

describe("a call that takes another's place (Replaces)", () => {
  const replacing = (node: TestNode, trunk: string, replaces: string): string => {
    const call = `c_move-new-${replaces.slice(-8)}`;
    node.send({ type: "call.incoming", call, trunk, from: "+4930777", to: "+4930999", replaces });
    return call;
  };

  it("comes into its room, without a PIN, and the other one is hung up", async () => {
    const { node, trunk, room, ada, call, pid } = await createTalk({ transfer: "on" });
    await phones.rule({ trunks: [trunk.id], numbers: ["+4930999"], room: uniqueRoom(), pin: "4711" });
    const fresh = replacing(node, trunk.id, call);
    expect(await orderOf(node, "call.join", fresh)).toMatchObject({ room });
    expect(await orderOf(node, "call.hangup", call)).toMatchObject({ cause: { reason: "transferred" } });
    await ada.next((frame: Frame) => frame.type === "participant.left" && frame.pid === pid);
    expect(await callOf(fresh)).toMatchObject({ state: "active", room, from: "+4930777" });
  });

  it.each([{ transfer: "off" }, { transfer: "blind" }])(
    "is refused where its trunk allows no more than $transfer",
    async more => {
      const { node, trunk, call } = await createTalk(more);
      expect(await orderOf(node, "call.reject", replacing(node, trunk.id, call))).toMatchObject({ status: 481 });
      expect((await callOf(call)).state).toBe("active");
    },
  );

  it("is refused where that one is another trunk's", async () => {
    const { node, call } = await createTalk({ transfer: "on" });
    const other = await phones.trunk(node, { transfer: "on" });
    expect(await orderOf(node, "call.reject", replacing(node, other.id, call))).toMatchObject({ status: 481 });
    expect((await callOf(call)).state).toBe("active");
  });
});

describe("a call that is sent elsewhere", () => {
  const patch = (call: string, transfer: Record<string, unknown>) => askApi("PATCH", `/v1/calls/${call}`, { transfer });

  it("goes to a number that its trunk may call; how that goes stands in its events", async () => {
    const { node, call } = await createTalk();
    expect((await patch(call, { to: "+49401" })).status).toBe(200);
    expect(await orderOf(node, "call.transfer", call)).toMatchObject({ to: "+49401" });
    node.send({ type: "call.transfer-state", call, cause: { sip: 180, reason: "progress" } });
    node.send({ type: "call.state", call, state: "ended", cause: { reason: "transferred" } });
    const { events, cause } = await stateOf(call, "ended");
    expect(cause).toEqual({ reason: "transferred" });
    expect(events.filter(({ event }) => event === "transfer").map(({ detail, cause }) => detail ?? cause?.sip)).toEqual(
      [...["+49401", 180]],
    );
  });

  it("or to another telephone of its trunk, and nowhere else", async () => {
    const { node, trunk, ada, call, pid } = await createTalk();
    const second = phones.incoming(node, trunk, "+4930124");
    const { pid: other } = await stateOf(second, "active");
    expect(await codeOf(await patch(call, { to: "+1900555" }))).toBe("destination-denied");
    expect(await codeOf(await patch(call, { call }))).toBe("call-state");
    expect(await codeOf(await patch(call, { call: "c_nobodyhere" }))).toBe("no-such-call");
    expect(await codeOf(await patch(call, { call: second, to: "+49401" }))).toBe("bad-request");
    expect(await codeOf(await patch(call, {}))).toBe("bad-request");
    expect(node.commands.some(({ type }) => type === "call.transfer")).toBe(false);
    expect(await ada.ask("phone.update", { pid, transfer: { pid: other } })).toMatchObject({ type: "ok" });
    expect(await orderOf(node, "call.transfer", call)).toMatchObject({ other: second });
    expect(await ada.ask("phone.update", { pid, transfer: { to: "+1900555" } })).toMatchObject({
      code: "destination-denied",
    });
    expect(((await (await askApi("GET", `/v1/calls/${call}`)).json()) as Call).state).toBe("active");
  });
});
