import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Trunk } from "../../protocol/telephony.ts";
import { askApi, join, uniqueRoom } from "../testing/client.ts";
import type { TestNode } from "../testing/node.ts";
import { callOf, createTestTelephony, orderOf, stateOf, telephony } from "../testing/telephony.ts";
import { pass } from "../testing/time.ts";

const phones = createTestTelephony("lease");
afterEach(async () => {
  vi.useRealTimers();
  await phones.clear();
});

const trunkOf = async (id: string): Promise<Trunk> => (await askApi("GET", `/v1/trunks/${id}`)).json();
const alarm = () => runDurableObjectAlarm(telephony());
const putsOf = (node: TestNode) => node.commands.flatMap(command => (command.type === "trunk.put" ? [command] : []));
const held = (trunk: string, node: TestNode | null) =>
  vi.waitFor(async () => expect(await trunkOf(trunk)).toMatchObject({ heldBy: node?.id ?? null }));

describe("a trunk", () => {
  it("is held by a node that speaks SIP, with its passwords, as soon as there is one", async () => {
    const trunk = await phones.trunk(undefined, {
      transport: "tls",
      credentials: { username: "tandem", password: "own password" },
      accept: { addresses: ["192.0.2.0/24"], credentials: { username: "pbx", password: "their password" } },
    });
    expect(trunk).toMatchObject({ state: "waiting", heldBy: null });
    await phones.fleet.link();
    const node = await phones.node();
    expect((await orderOf(node, "trunk.put")).trunk).toEqual({
      ...{
        trunk: trunk.id,
        lease: 1,
        host: "sip.example.com",
        transport: "tls",
        registration: "none",
        srtp: "off",
        transfer: "off",
      },
      credentials: { username: "tandem", password: "own password" },
      accept: { addresses: ["192.0.2.0/24"], credentials: { username: "pbx", password: "their password" } },
      ...{ video: false, maxCalls: 100, callsPerSecond: 100 },
    });
    await held(trunk.id, node);
    await vi.waitFor(async () => expect((await trunkOf(trunk.id)).state).toBe("idle"));
  });

  it("goes to another node when the link of its node stays away, which is told so when it returns", async () => {
    const first = await phones.node();
    const { id } = await phones.trunk();
    const second = await phones.node();
    await held(id, first);
    await phones.fleet.unlink(first);
    await alarm();
    expect(await trunkOf(id)).toMatchObject({ heldBy: first.id });
    pass(10_001);
    await alarm();
    await held(id, second);
    expect(putsOf(second).map(({ trunk }) => trunk.lease)).toEqual([2]);
    const back = await phones.fleet.relink(first, { features: ["sip"] });
    expect(await orderOf(back, "trunk.remove")).toMatchObject({ trunk: id });
    expect(putsOf(back)).toEqual([]);
  });

  it("stays where it is through a short break, and is told again", async () => {
    const node = await phones.node();
    const { id } = await phones.trunk();
    await phones.node();
    await phones.fleet.unlink(node);
    const back = await phones.fleet.relink(node, { features: ["sip"] });
    expect((await orderOf(back, "trunk.put")).trunk).toMatchObject({ trunk: id, lease: 1 });
    await held(id, back);
  });

  it("leaves a node that drains", async () => {
    const first = await phones.node();
    const { id } = await phones.trunk();
    const second = await phones.node();
    first.send({ type: "load", load: 0.1, rooms: 0, sessions: 0, draining: true });
    await held(id, second);
    await orderOf(first, "trunk.remove");
  });

  it("is told to its node again when it is changed, and taken when it is removed", async () => {
    const node = await phones.node();
    const { id } = await phones.trunk(node, { credentials: { username: "u", password: "kept" }, port: 5070 });
    const changed = await askApi("PATCH", `/v1/trunks/${id}`, { host: "198.51.100.1", port: null });
    expect(await changed.json()).toMatchObject({ host: "198.51.100.1", credentials: { username: "u" }, state: "idle" });
    const { trunk } = await orderOf(node, "trunk.put");
    expect(trunk).toMatchObject({ lease: 2, host: "198.51.100.1", credentials: { username: "u", password: "kept" } });
    expect(trunk).not.toHaveProperty("port");
    await askApi("DELETE", `/v1/trunks/${id}`);
    expect(await orderOf(node, "trunk.remove")).toMatchObject({ trunk: id });
  });

  it("tells why a node can't use it", async () => {
    const node = await phones.node();
    const { id } = await phones.trunk(node);
    node.send({ type: "trunk.state", trunk: id, lease: 1, state: "failed", reason: "no such host" });
    await vi.waitFor(async () =>
      expect(await trunkOf(id)).toMatchObject({ state: "failed", reason: "no such host", heldBy: node.id }),
    );
    node.send({ type: "trunk.state", trunk: id, lease: 7, state: "idle" });
    node.manner = "refuse";
    const other = await phones.trunk(node);
    expect(other).toMatchObject({ state: "failed", reason: "no-such-room" });
    expect((await trunkOf(id)).state).toBe("failed");
  });
});

describe("calls of a node", () => {
  const running = async (node: TestNode): Promise<{ call: string; room: string }> => {
    const trunk = await phones.trunk(node);
    const room = uniqueRoom();
    await phones.rule({ trunks: [trunk.id], room });
    await join(room, "ada");
    const call = phones.incoming(node, trunk);
    await stateOf(call, "active");
    return { call, room };
  };

  it("go on without its link, and end where it comes back without them; those that nobody knows are hung up", async () => {
    const node = await phones.node();
    const { call: kept } = await running(node);
    const { call: lost } = await running(node);
    await phones.fleet.unlink(node);
    pass(1_000);
    expect((await callOf(kept)).state).toBe("active");
    const back = await phones.fleet.relink(node, { features: ["sip"] });
    await orderOf(back, "trunk.put");
    back.send({ type: "calls", calls: [kept, "c_unknown-1"] });
    expect((await stateOf(lost, "ended")).cause).toEqual({ reason: "node-lost" });
    await orderOf(back, "call.hangup", "c_unknown-1");
    expect((await callOf(kept)).state).toBe("active");
  });

  it("are taken for lost when it stays away, and their participants leave", async () => {
    const node = await phones.node();
    const { call, room } = await running(node);
    await phones.fleet.unlink(node);
    pass(10_001);
    await alarm();
    expect((await callOf(call)).state).toBe("active");
    pass(300_000);
    await alarm();
    expect((await callOf(call)).cause).toEqual({ reason: "node-lost" });
    const { participants }: { participants: unknown[] } = await (
      await askApi("GET", `/v1/rooms/${room}/participants`)
    ).json();
    expect(participants).toHaveLength(1);
  });
});
