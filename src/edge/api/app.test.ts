import { env } from "cloudflare:workers";
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { Problem } from "../../protocol/errors.ts";
import type { Route } from "../../protocol/route.ts";
import { ROUTES } from "../../protocol/routes.ts";
import { OPERATOR_PASSWORD } from "../testing/bindings.ts";
import { ask, askApi, join, uniqueAddress, uniqueRoom } from "../testing/client.ts";
import { apiToken, joinToken } from "../testing/tokens.ts";
import { createApp } from "./app.ts";

const app = createApp();
/** Those for join tokens have tests of their own. */
const API_ROUTES = ROUTES.filter(({ auth }) => auth !== "join");
/** Ask a Worker whose variables differ. */
const askWith = async (more: Partial<Cloudflare.Env>, route: Pick<Route, "method">, path: string, body?: unknown) =>
  app.fetch(
    new Request(`https://edge.test${path}`, {
      method: route.method,
      headers: { authorization: `Bearer ${await apiToken()}`, "cf-connecting-ip": uniqueAddress() },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }),
    { ...env, ...more },
  );

describe("the table of routes", () => {
  const bodies: Record<string, (room: string) => unknown> = {
    "POST /v1/rooms": () => ({ name: uniqueRoom() }),
    "PATCH /v1/rooms/{room}": () => ({ maxParticipants: 5 }),
    "POST /v1/tokens": room => ({ room, identity: "ada" }),
    "POST /v1/invitations": () => ({ password: OPERATOR_PASSWORD }),
    "POST /v1/open/tokens": room => ({ room, name: "Ada" }),
  };

  const queries: Record<string, (room: string) => string> = {
    "GET /v1/ice-servers": room => `?room=${room}&identity=ada`,
  };

  // What needs a media node is answered in tests that have one.
  const nodeless = API_ROUTES.filter(({ path }) => !/\/(rtp|hls|trunks|dispatch-rules|calls)/.test(path));
  it.each(nodeless.map(route => [`${route.method} ${route.path}`, route] as const))(
    "%s answers as it says",
    async (name, route) => {
      const room = uniqueRoom();
      const { pid } = await join(room, "ada");
      const access = name.includes("/open/") ? "open" : "invite";
      let body = bodies[name]?.(room);
      if (name === "POST /v1/invitations/redeem") {
        const made = await askWith({ ROOM_ACCESS: "invite" }, route, "/v1/invitations", {
          password: OPERATOR_PASSWORD,
        });
        const invitations: { room: string; guest: string } = await made.json();
        body = { room: invitations.room, invitation: invitations.guest, name: "Gast" };
      }
      const path = route.path.replace("{room}", room).replace("{pid}", pid) + (queries[name]?.(room) ?? "");
      const response = await askWith({ ROOM_ACCESS: access }, route, path, body);
      expect(response.status).toBe(route.status);
      if (route.result)
        v.parse(
          v.strictObject((route.result as v.ObjectSchema<v.ObjectEntries, undefined>).entries),
          await response.json(),
        );
      else expect(await response.text()).toBe("");
      expect(response.headers.get("cache-control")).toBe("no-store");
    },
  );

  it.each(ROUTES.filter(route => route.auth === "api").map(route => [`${route.method} ${route.path}`, route] as const))(
    "%s wants an API token",
    async (_name, route) => {
      const path = route.path.replace("{room}", "some-room").replace("{pid}", "p_00000000");
      const missing = await ask(path, { method: route.method });
      expect(missing.status).toBe(401);
      expect(missing.headers.get("www-authenticate")).toBe("Bearer");
      expect(v.parse(Problem, await missing.json()).code).toBe("token-missing");
      const headers = { authorization: `Bearer ${await joinToken({ room: "some-room", identity: "ada" })}` };
      const wrong = await ask(path, { method: route.method, headers });
      expect(await wrong.json()).toMatchObject({ code: "token-invalid", status: 401 });
    },
  );

  it.each(
    API_ROUTES.filter(route => route.path.includes("{room}")).map(
      route => [`${route.method} ${route.path}`, route] as const,
    ),
  )("%s tells a missing room from a wrong name", async (_name, route) => {
    const path = (room: string) => route.path.replace("{room}", room).replace("{pid}", "p_00000000");
    const missing = await askApi(route.method, path(uniqueRoom()), route.body && {});
    expect(await missing.json()).toMatchObject({ code: "no-such-room", status: 404 });
    expect((await askApi(route.method, path("Not_A_Name"), route.body && {})).status).toBe(400);
  });
});

describe("every answer", () => {
  it("is a problem document in JSON where nothing is", async () => {
    for (const path of ["/v1/nothing", "/v1", "/v1/invitations/a/b"]) {
      const response = await ask(path);
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
      expect(v.parse(Problem, await response.json()).code).toBe("not-found");
    }
  });

  it("may be read by any page, which sends tokens and no cookies", async () => {
    const preflight = await ask("/v1/tokens", {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
    expect(preflight.headers.get("access-control-allow-headers")).toBe("authorization,content-type,if-match");
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    for (const path of ["/v1/config", "/v1/nothing", "/v1/rooms"]) {
      const { headers } = await ask(path, { headers: { origin: "https://app.example" } });
      expect(headers.get("access-control-allow-origin")).toBe("*");
      expect(headers.get("content-security-policy")).toContain("default-src 'none'");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
    }
  });

  it("names the field that is wrong", async () => {
    const wrong: [body: string, detail: string][] = [
      ["{", "body: not JSON"],
      ["[]", "name"],
      ['{"name":"UPPER"}', "name"],
      ['{"name":"a","maxParticipants":0}', "maxParticipants"],
      ['{"name":"a","topology":"ring"}', "topology"],
      ['{"name":"a","jurisdiction":"mars"}', "jurisdiction"],
      [JSON.stringify({ name: "a", metadata: "m".repeat(16_385) }), "metadata"],
    ];
    const headers = { authorization: `Bearer ${await apiToken()}` };
    for (const [body, detail] of wrong) {
      const response = await ask("/v1/rooms", { method: "POST", headers, body });
      const problem = v.parse(Problem, await response.json());
      expect(problem).toMatchObject({ status: 400, code: "bad-request" });
      expect(problem.detail).toContain(detail);
    }
    const large = await ask("/v1/rooms", {
      method: "POST",
      headers,
      body: JSON.stringify({ name: "x".repeat(70_000) }),
    });
    expect(large.status).toBe(413);
  });

  it("says nothing of what failed inside", async () => {
    const broken = new Proxy(env.DIRECTORY, {
      get: () => () => {
        throw new Error("the secret inside of things");
      },
    });
    const response = await askWith({ DIRECTORY: broken, LOG_LEVEL: "silent" }, { method: "GET" }, "/v1/rooms");
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ code: "internal", retryable: true });
    expect(JSON.stringify([...response.headers])).not.toContain("inside");
  });

  it("counts failures by address, and not those who succeed", async () => {
    const headers = { "cf-connecting-ip": uniqueAddress(), authorization: "Bearer nonsense" };
    const statuses: number[] = [];
    for (let i = 0; i < 12; i++) statuses.push((await ask("/v1/rooms", { headers })).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429, 429]);
    const flooded = await ask("/v1/rooms", { headers });
    expect(flooded.headers.get("retry-after")).toBe("60");
    const valid = await ask("/v1/rooms", { headers: { ...headers, authorization: `Bearer ${await apiToken()}` } });
    expect(valid.status).toBe(200);
  });
});

describe("a deployment that is not set up", () => {
  it.each([
    ["API_KEYS", undefined, "missing-secret"],
    ["API_KEYS", "nonsense", "bad-setting"],
    ["API_KEYS", '{"short":"secret"}', "bad-setting"],
    ["API_KEYS", '{"private":{"kty":"OKP","crv":"Ed25519","x":"AA"}}', "bad-setting"],
    ["RESUME_SECRET", undefined, "missing-secret"],
    ["RESUME_SECRET", "short", "bad-setting"],
    ["OPERATOR_PASSWORD", undefined, "missing-secret"],
    ["ICE_SERVERS", "stun:x", "bad-setting"],
    ["ICE_SERVERS", '[{"url":"stun:x"}]', "bad-setting"],
    ["MESSAGE_RATE", "fast", "bad-setting"],
    ["ROOM_ACCESS", "everybody", "bad-setting"],
  ])("(%s is %s) says so with a 503 that names it", async (name, value, code) => {
    const more = { ROOM_ACCESS: "invite", [name]: value };
    const health = await askWith(more, { method: "GET" }, "/v1/health");
    expect(health.status).toBe(503);
    const problem = v.parse(Problem, await health.json());
    expect(problem).toMatchObject({ code, retryable: true });
    expect(problem.detail).toContain(name);
    if (value) expect(JSON.stringify(problem)).not.toContain(value);
  });

  it("refuses joins in a frame, and mints nothing, without its secrets", async () => {
    const room = uniqueRoom();
    for (const name of ["API_KEYS", "RESUME_SECRET"]) {
      const request = new Request(`https://edge.test/v1/rooms/${room}/connect`, {
        headers: {
          upgrade: "websocket",
          "sec-websocket-protocol": `tandem.v1, bearer.${await joinToken({ room, identity: "ada" })}`,
        },
      });
      const response = await app.fetch(request, { ...env, [name]: undefined });
      const frame = Promise.withResolvers<string>();
      response.webSocket?.addEventListener("message", event => frame.resolve(event.data as string));
      response.webSocket?.accept();
      expect(JSON.parse(await frame.promise)).toMatchObject({ code: "missing-secret", detail: name });
    }
    const keys = { API_KEYS: JSON.stringify({ test: JSON.parse(env.API_KEYS ?? "").jwk }), ROOM_ACCESS: "open" };
    const minted = await askWith(keys, { method: "POST" }, "/v1/open/tokens", { room, name: "Ada" });
    expect(await minted.json()).toMatchObject({ code: "missing-secret" });
  });
});
