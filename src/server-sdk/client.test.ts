import { jwtVerify } from "jose";
import { afterEach, describe, expect, it, vi } from "vitest";
import { problemOf } from "../protocol/errors.ts";
import type { RoomDetail } from "../protocol/rest.ts";
import { ROUTES } from "../protocol/routes.ts";
import { createClient } from "./client.ts";

const secret = "a secret of thirty-two bytes or more";
const key = { name: "main", secret };

const DETAIL: RoomDetail = {
  id: "standup",
  maxParticipants: 100,
  topology: { setting: "auto", current: "mesh", reason: "few" },
  participants: 0,
  persistent: false,
  createdAt: 1,
  expiresAt: null,
};

interface Asked {
  method: string;
  path: string;
  query: Record<string, string>;
  body: unknown;
  authorization: string;
}

/** An edge that takes only routes of the contract, notes what it is asked and gives `answers` in turn. */
function createEdge(...answers: (unknown | Response)[]) {
  const asked: Asked[] = [];
  const ask: typeof fetch = async (input, init) => {
    const request = new Request(input as URL, init);
    const { pathname, searchParams } = new URL(request.url);
    const known = ROUTES.some(
      route =>
        route.method === request.method && new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(pathname),
    );
    expect(known, `${request.method} ${pathname}`).toBe(true);
    const text = await request.text();
    asked.push({
      method: request.method,
      path: pathname,
      query: Object.fromEntries(searchParams),
      body: text === "" ? undefined : JSON.parse(text),
      authorization: request.headers.get("authorization") ?? "",
    });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer instanceof Response ? answer : Response.json(answer);
  };
  return { asked, client: createClient({ url: "https://edge.test", key, fetch: ask }) };
}

const empty = () => new Response(null, { status: 204 });

afterEach(() => vi.useRealTimers());

describe("the REST client", () => {
  it("asks for somebody's servers", async () => {
    const servers = { iceServers: [{ urls: ["turn:192.0.2.1"], username: "u", credential: "c" }], expiresAt: 5 };
    const { client, asked } = createEdge(servers);
    expect(await client.iceServers("eu.standup", "ada@example.com")).toEqual(servers);
    expect(asked).toMatchObject([
      { path: "/v1/ice-servers", query: { room: "eu.standup", identity: "ada@example.com" } },
    ]);
  });

  it("makes, reads, changes and closes rooms", async () => {
    const { client, asked } = createEdge(DETAIL, DETAIL, { ...DETAIL, metadata: "m" }, empty());
    expect(await client.rooms.create({ name: "standup", jurisdiction: "eu" })).toEqual(DETAIL);
    expect(await client.rooms.get("eu.standup")).toEqual(DETAIL);
    expect(await client.rooms.update("eu.standup", { metadata: "m" })).toMatchObject({ metadata: "m" });
    expect(await client.rooms.close("eu.standup")).toBeUndefined();
    expect(asked.map(({ method, path, body }) => [method, path, body])).toEqual([
      ["POST", "/v1/rooms", { name: "standup", jurisdiction: "eu" }],
      ["GET", "/v1/rooms/eu.standup", undefined],
      ["PATCH", "/v1/rooms/eu.standup", { metadata: "m" }],
      ["DELETE", "/v1/rooms/eu.standup", undefined],
    ]);
  });

  it("lists and removes participants", async () => {
    const { client, asked } = createEdge({ participants: [] }, empty());
    expect(await client.participants.list("standup")).toEqual([]);
    await client.participants.remove("standup", "p_12345678");
    expect(asked[1]).toMatchObject({ method: "DELETE", path: "/v1/rooms/standup/participants/p_12345678" });
  });

  it("makes trunks and rules, places calls and ends them", async () => {
    const trunk = {
      ...{ id: "main", host: "sip.example.com", transport: "udp", srtp: "off", accept: { addresses: [] }, allow: [] },
      ...{ maxCalls: 10, callsPerSecond: 2, state: "idle", heldBy: "node", createdAt: 1 },
    };
    const rule = { id: "r_12345678", room: "standup", create: false, hideNumber: false, hasPin: true, createdAt: 1 };
    const call = {
      ...{ id: "c_12345678", direction: "out", trunk: "main", from: "", to: "+4930", state: "dialing" },
      ...{ node: "node", beganAt: 1, events: [] },
    };
    const { client, asked } = createEdge(
      ...[trunk, { trunks: [trunk] }, trunk, trunk, empty(), rule, { rules: [rule] }, rule, empty()],
      ...[call, call, { calls: [call], next: null }, call, empty()],
    );
    expect(await client.trunks.create({ id: "main", host: "sip.example.com" })).toEqual(trunk);
    expect(await client.trunks.list()).toEqual([trunk]);
    await client.trunks.get("main");
    await client.trunks.update("main", { callerId: null });
    await client.trunks.remove("main");
    expect(await client.dispatchRules.create({ room: "standup", pin: "123456" })).toEqual(rule);
    expect(await client.dispatchRules.list()).toEqual([rule]);
    expect(await client.dispatchRules.update(rule.id, { numbers: null })).toEqual(rule);
    await client.dispatchRules.remove(rule.id);
    expect(await client.calls.create({ room: "standup", trunk: "main", to: "+4930" })).toEqual(call);
    await client.calls.get(call.id);
    expect(await client.calls.list({ state: "running", limit: 5 })).toEqual({ calls: [call], next: null });
    await client.calls.update(call.id, { dtmf: "1#" });
    await client.calls.hangUp(call.id);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      ...["POST /v1/trunks", "GET /v1/trunks", "GET /v1/trunks/main", "PATCH /v1/trunks/main"],
      ...["DELETE /v1/trunks/main", "POST /v1/dispatch-rules", "GET /v1/dispatch-rules"],
      "PATCH /v1/dispatch-rules/r_12345678",
      ...["DELETE /v1/dispatch-rules/r_12345678", "POST /v1/calls", "GET /v1/calls/c_12345678", "GET /v1/calls"],
      ...["PATCH /v1/calls/c_12345678", "DELETE /v1/calls/c_12345678"],
    ]);
    expect(asked[11]?.query).toEqual({ state: "running", limit: "5" });
  });

  it("goes through all pages of the list", async () => {
    const entry = (id: string) => ({ id, participants: 0, createdAt: 1 });
    const { client, asked } = createEdge(
      { rooms: [entry("a"), entry("b")], next: "b" },
      { rooms: [entry("c")], next: null },
    );
    const ids: string[] = [];
    for await (const { id } of client.rooms.all({ limit: 2, jurisdiction: "eu" })) ids.push(id);
    expect(ids).toEqual(["a", "b", "c"]);
    expect(asked.map(({ query }) => query)).toEqual([
      { limit: "2", jurisdiction: "eu" },
      { limit: "2", jurisdiction: "eu", after: "b" },
    ]);
  });

  it("signs one token for many requests, and another before that expires", async () => {
    vi.useFakeTimers({ now: 1_795_560_000_000 });
    const { client, asked } = createEdge(DETAIL, DETAIL, DETAIL);
    await client.rooms.get("a");
    await client.rooms.get("a");
    vi.advanceTimersByTime(541_000);
    await client.rooms.get("a");
    expect(asked[1]?.authorization).toBe(asked[0]?.authorization);
    expect(asked[2]?.authorization).not.toBe(asked[0]?.authorization);
    const token = asked[2]?.authorization.replace("Bearer ", "") ?? "";
    await jwtVerify(token, new TextEncoder().encode(secret), { audience: "api" });
  });

  it("rejects with the edge's own error", async () => {
    const { client } = createEdge(
      Response.json(problemOf("no-such-room"), { status: 404 }),
      Response.json({ ...problemOf("internal"), code: "from-the-future", detail: "why" }, { status: 400 }),
      new Response("<html>", { status: 502 }),
      new TypeError("fetch failed"),
      { nonsense: true },
    );
    await expect(client.rooms.get("a")).rejects.toMatchObject({ code: "no-such-room", retryable: false });
    await expect(client.rooms.get("a")).rejects.toMatchObject({ code: "internal", detail: "from-the-future: why" });
    await expect(client.rooms.get("a")).rejects.toMatchObject({ code: "internal", detail: "HTTP 502" });
    await expect(client.rooms.get("a")).rejects.toMatchObject({ code: "unreachable", detail: "fetch failed" });
    await expect(client.rooms.get("a")).rejects.toMatchObject({ code: "internal" });
  });
});
