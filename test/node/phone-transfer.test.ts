import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Call, Trunk } from "../../src/protocol/index.ts";
import { type Baresip, startBaresip } from "../support/baresip.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { type RunningNode, startNode } from "../support/node.ts";
import { freePort } from "../support/ports.ts";
import { openSipAnswerer } from "../support/sip-answerer.ts";
import { apiToken } from "../support/tokens.ts";

/** Machines may be slow. */
const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 15_000, interval: 50 });

describe("telephones that go elsewhere", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let node: RunningNode;
  let sipPort: number;
  /** Calls in; the trunk's host, whom calls out reach. */
  let one: Baresip;
  let two: Baresip;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    sipPort = await freePort();
    node = await start();
    cleanup.add(() => node.stop());
    one = await startBaresip({ user: "ann" });
    cleanup.add(one.stop);
    two = await startBaresip();
    cleanup.add(two.stop);
    const accept = { addresses: ["127.0.0.1"] };
    const where = { host: "127.0.0.1", port: two.port };
    await ask("POST", "/trunks", { id: "lab", ...where, accept, allow: ["bob"], transfer: "on", callsPerSecond: 20 });
    await ask("POST", "/dispatch-rules", { numbers: ["100"], room: "desk", create: true });
    await held();
  });
  afterAll(cleanup.run);

  const start = () =>
    startNode({ edge: edge.url, settings: { "sip-listen": `127.0.0.1:${sipPort}`, "rtp-ports": "22400-22499" } });
  const held = () =>
    vi.waitFor(async () => expect((await ask<Trunk>("GET", "/trunks/lab")).state).toBe("idle"), {
      timeout: 15_000,
      interval: 50,
    });

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
  const last = async (): Promise<Call | undefined> => (await ask<{ calls: Call[] }>("GET", "/calls?limit=1")).calls[0];
  const call = (id: string): Promise<Call> => ask("GET", `/calls/${id}`);
  /** Who is in the room. */
  const inRoom = async (): Promise<string[]> =>
    (await ask<{ participants: { identity: string }[] }>("GET", "/rooms/desk/participants")).participants.map(
      ({ identity }) => identity,
    );

  /** A call from the first telephone that is in the room. */
  async function comeIn(): Promise<Call> {
    const before = (await last())?.id;
    const up = one.next("CALL_ESTABLISHED");
    one.command("dial", `sip:100@127.0.0.1:${sipPort}`);
    await up;
    return vi.waitFor(
      async () => {
        const call = await last();
        if (call?.state !== "active" || call.id === before) throw new Error("it isn't in the room");
        return call;
      },
      { timeout: 15_000, interval: 50 },
    );
  }

  it("transfer themselves: whom they name is called into the room, and they leave when that one answers", async () => {
    const { id } = await comeIn();
    const [answered, left] = [two.next("CALL_ESTABLISHED"), one.next("CALL_CLOSED")];
    one.command("transfer", `sip:bob@127.0.0.1:${sipPort}`);
    await Promise.all([answered, left]);
    await soon(async () => (await call(id)).cause).toEqual({ reason: "transferred" });
    await soon(inRoom).toEqual(["phone:bob"]);
    const next = await last();
    expect(next).toMatchObject({ direction: "out", state: "active" });
    const closed = two.next("CALL_CLOSED");
    await ask("DELETE", `/calls/${next?.id}`);
    await closed;
    await soon(inRoom).toEqual([]);
  });

  it("are told when they name a number that may not be called, and nobody is", async () => {
    const { id } = await comeIn();
    const failed = one.next("TRANSFER_FAILED");
    one.command("transfer", `sip:mallory@127.0.0.1:${sipPort}`);
    expect(await failed).toMatchObject({ param: "403 Forbidden" });
    expect((await last())?.id).toBe(id);
    // (baresip 1.0 hangs up then; others stay.)
    await soon(inRoom).toEqual([]);
  });

  it("hand their place to another, which comes in by naming their call", async () => {
    const phones = await openSipAnswerer();
    cleanup.add(() => phones.endpoint.close());
    const target = `sip:100@127.0.0.1:${sipPort}`;
    const first = phones.dial(target);
    await first.established;
    await soon(async () => (await last())?.state).toBe("active");
    const old = await last();
    const { callId, localTag, remoteTag } = first.call?.dialog ?? {};
    const replaces = `${callId};to-tag=${remoteTag};from-tag=${localTag}`;
    const stranger = phones.dial(target, { headers: { replaces: replaces.replace("from-tag=", "from-tag=x") } });
    expect(await stranger.ended).toMatchObject({ status: 481 });
    const second = phones.dial(target, { headers: { replaces } });
    await second.established;
    expect(await first.ended).toMatchObject({ by: "remote", status: 0 });
    expect(await call(old?.id ?? "")).toMatchObject({ state: "ended", cause: { reason: "transferred" } });
    expect(await last()).toMatchObject({ state: "active", room: "desk", events: [{}, { event: "replaces" }, {}] });
    await soon(async () => (await inRoom()).length).toBe(1);
    second.call?.hangUp(phones.endpoint.now());
    await soon(inRoom).toEqual([]);
  });

  it("are sent to another one by us, and leave when that one answers", async () => {
    const { id } = await comeIn();
    const answered = two.next("CALL_ESTABLISHED");
    await ask("PATCH", `/calls/${id}`, { transfer: { to: "bob" } });
    await answered;
    await soon(async () => (await call(id)).cause).toEqual({ reason: "transferred" });
    await soon(inRoom).toEqual([]);
    const { events } = await call(id);
    expect(events.find(({ event, detail }) => event === "transfer" && detail === "bob")).toBeDefined();
    const closed = two.next("CALL_CLOSED");
    two.command("hangup");
    await closed;
  });

  it("are hung up by a node that stops", async () => {
    const { id } = await comeIn();
    const closed = one.next("CALL_CLOSED");
    await node.stop();
    await closed;
    node = await start();
    await held();
    await soon(async () => (await call(id)).state).toBe("ended");
  });

  it("hear from a node that was killed and is back that their call is no more, as does the room", async () => {
    const { id } = await comeIn();
    await node.kill();
    node = await start();
    await held();
    await soon(async () => (await call(id)).cause).toEqual({ reason: "node-lost" });
    await soon(inRoom).toEqual([]);
    // What it says within its call, as the session timer makes it do, is answered 481.
    const closed = one.next("CALL_CLOSED");
    one.command("hold");
    await closed;
  });
});
