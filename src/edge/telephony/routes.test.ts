import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import * as v from "valibot";
import { afterEach, describe, expect, it } from "vitest";
import { TELEPHONY_ROUTES } from "../../protocol/telephony-routes.ts";
import { createApp } from "../api/app.ts";
import { askApi, join, uniqueAddress, uniqueRoom } from "../testing/client.ts";
import { createTestTelephony, stateOf, telephony } from "../testing/telephony.ts";
import { apiToken } from "../testing/tokens.ts";

const phones = createTestTelephony("route");
afterEach(phones.clear);

const codeOf = async (response: Response): Promise<string> => ((await response.json()) as { code: string }).code;
const strict = (schema: v.GenericSchema) =>
  v.strictObject((schema as v.ObjectSchema<v.ObjectEntries, undefined>).entries);

describe("the routes of telephones", () => {
  it.each(TELEPHONY_ROUTES.map(route => [`${route.method} ${route.path}`, route] as const))(
    "%s answers as it says",
    async (name, route) => {
      const node = await phones.node();
      const trunk = await phones.trunk(node, { allow: ["*"] });
      const room = uniqueRoom();
      await join(room, "ada");
      const rule = await phones.rule({ trunks: [trunk.id], room });
      const call = phones.incoming(node, trunk);
      await stateOf(call, "active");
      const bodies: Record<string, unknown> = {
        "POST /v1/trunks": { id: `${trunk.id}-b`, host: "192.0.2.1" },
        "PATCH /v1/trunks/{trunk}": { maxCalls: 5 },
        "POST /v1/dispatch-rules": { room, pin: "1234" },
        "PATCH /v1/dispatch-rules/{rule}": { numbers: ["100"] },
        "POST /v1/calls": { room, trunk: trunk.id, to: "123" },
        "PATCH /v1/calls/{call}": { held: true },
      };
      const path = route.path.replace("{trunk}", trunk.id).replace("{rule}", rule.id).replace("{call}", call);
      const response = await askApi(route.method, path, bodies[name]);
      expect(response.status).toBe(route.status);
      const text = await response.text();
      if (route.result) v.parse(strict(route.result), JSON.parse(text));
      else expect(text).toBe("");
      if (name === "POST /v1/trunks") await askApi("DELETE", `/v1/trunks/${trunk.id}-b`);
      if (name === "POST /v1/dispatch-rules") await askApi("DELETE", `/v1/dispatch-rules/${JSON.parse(text).id}`);
    },
  );

  it.each<[string, string, string, unknown]>([
    ["no-such-trunk", "GET", "/v1/trunks/none", undefined],
    ["no-such-trunk", "PATCH", "/v1/trunks/none", {}],
    ["no-such-trunk", "DELETE", "/v1/trunks/none", undefined],
    ["no-such-rule", "DELETE", "/v1/dispatch-rules/none", undefined],
    ["no-such-rule", "PATCH", "/v1/dispatch-rules/none", {}],
    ["no-such-call", "GET", "/v1/calls/none", undefined],
    ["no-such-call", "PATCH", "/v1/calls/none", { held: true }],
    ["no-such-call", "DELETE", "/v1/calls/none", undefined],
    ["bad-request", "PATCH", "/v1/calls/none", {}],
    ["bad-request", "GET", "/v1/calls?limit=0", undefined],
    ["bad-request", "POST", "/v1/trunks", { id: "x", host: "sip.example.com>; evil" }],
    ["bad-request", "POST", "/v1/trunks", { id: "x", host: "h", accept: { addresses: ["10.0.0.0/33"] } }],
    ["bad-request", "POST", "/v1/trunks", { id: "x", host: "h", accept: { addresses: ["::/0"] } }],
    ["bad-request", "POST", "/v1/dispatch-rules", {}],
    ["bad-request", "POST", "/v1/dispatch-rules", { room: "a", roomPrefix: "b" }],
    ["bad-request", "POST", "/v1/dispatch-rules", { room: "a", pin: "12" }],
  ])("answers %s to %s %s with %j", async (code, method, path, body) => {
    expect(await codeOf(await askApi(method, path, body))).toBe(code);
  });

  it("forget calls that ended a month ago, and all but the newest thousand", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await runInDurableObject(telephony(), (_, { storage }) => {
      const insert = `INSERT INTO calls (id, direction, trunk, caller, callee, node, state, tries, began_at, ended_at, events)
        VALUES (?, 'in', 't', '', '', 'n', 'ended', 0, 0, ?, '[]')`;
      const now = Date.now();
      for (let n = 0; n < 1_010; n++) storage.sql.exec(insert, `c_recent-${n}`, now);
      storage.sql.exec(insert, "c_month-ago", now - 31 * 24 * 3_600_000);
    });
    await stateOf(phones.incoming(node, trunk), "ended");
    expect(await codeOf(await askApi("GET", "/v1/calls/c_month-ago"))).toBe("no-such-call");
    expect(await codeOf(await askApi("GET", "/v1/calls/c_recent-0"))).toBe("no-such-call");
    expect((await askApi("GET", "/v1/calls/c_recent-1009")).status).toBe(200);
  });

  it("list calls by the page, running or ended", async () => {
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), create: true, numbers: ["+4930999"] });
    const running = phones.incoming(node, trunk);
    await stateOf(running, "active");
    const ended = ["1", "2"].map(to => phones.incoming(node, trunk, "+1", to));
    for (const call of ended) await stateOf(call, "ended");
    const list = async (query: string) => {
      const { calls, next } = (await (await askApi("GET", `/v1/calls?${query}`)).json()) as {
        calls: { id: string }[];
        next: string | null;
      };
      return { ids: calls.map(({ id }) => id), next };
    };
    expect((await list("state=running")).ids).toEqual([running]);
    expect((await list("state=ended")).ids).toEqual([ended[1], ended[0]]);
    expect(await list("limit=2")).toEqual({ ids: [ended[1], ended[0]], next: ended[0] });
    expect(await list(`limit=2&before=${ended[0]}`)).toEqual({ ids: [running], next: null });
  });
});

describe("secrets", () => {
  it("are returned by nobody, and stand nowhere in clear", async () => {
    const node = await phones.node();
    const passwords = ["the password of ours", "the password of theirs"];
    const trunk = await phones.trunk(node, {
      credentials: { username: "u", password: passwords[0], realm: "r" },
      accept: { credentials: { username: "v", password: passwords[1] } },
    });
    const rule = await phones.rule({ room: uniqueRoom(), pin: "86421357" });
    const told = JSON.stringify([
      ...[trunk, rule],
      await (await askApi("GET", "/v1/trunks")).json(),
      await (await askApi("GET", "/v1/dispatch-rules")).json(),
    ]);
    const stored = await runInDurableObject(telephony(), (_, { storage }) =>
      JSON.stringify(["trunks", "rules"].map(table => storage.sql.exec(`SELECT * FROM ${table}`).toArray())),
    );
    for (const secret of [...passwords, "86421357"]) {
      expect(told).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
    expect(trunk).toMatchObject({
      credentials: { username: "u", realm: "r" },
      accept: { credentials: { username: "v" } },
    });
    expect(rule).toMatchObject({ hasPin: true });
  });

  it("that the deployment lacks are named, and a weak one is refused", async () => {
    const ask = async (more: Partial<Cloudflare.Env>) =>
      createApp().fetch(
        new Request("https://edge.test/v1/trunks", {
          method: "POST",
          headers: { authorization: `Bearer ${await apiToken()}`, "cf-connecting-ip": uniqueAddress() },
          body: JSON.stringify({ id: "x", host: "h" }),
        }),
        { ...env, ...more },
      );
    expect(await (await ask({ TELEPHONY_SECRET: "short" })).json()).toMatchObject({ code: "bad-setting" });
  });
});
