import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { WebhookEvent, WebhookList } from "../../protocol/webhooks.ts";
import { settingsOf } from "../settings.ts";
import { webhooksStub } from "../stubs.ts";
import { WEBHOOK_URLS } from "../testing/bindings.ts";
import { askApi, join, uniqueRoom } from "../testing/client.ts";
import { callOf, createTestTelephony, stateOf } from "../testing/telephony.ts";
import { deliver, signatureOf } from "./deliver.ts";
import { signingSecretOf } from "./endpoints.ts";

const [ROOMS, CALLS] = WEBHOOK_URLS;
const phones = createTestTelephony("hooked");
const stub = () => webhooksStub(env, undefined);
const eventOf = (number: number): WebhookEvent => ({
  ...{ type: "trunk.changed", id: `evt_${String(number).padStart(16, "0")}`, at: 1, trunk: "a", state: "idle" },
});

/** Who would be told answers so, in turn; the last goes on. */
function receive(...statuses: number[]) {
  const taken: { url: string; body: string; headers: Headers }[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    taken.push({ url: String(input), body: String(init?.body), headers: new Headers(init?.headers) });
    const status = statuses.length > 1 ? statuses.shift() : statuses[0];
    if (status === 0) throw new TypeError("connection refused");
    return new Response(null, { status: status ?? 204 });
  });
  return taken;
}
const listed = async (): Promise<WebhookList["webhooks"]> =>
  ((await (await askApi("GET", "/v1/webhooks")).json()) as WebhookList).webhooks;
const clear = () =>
  runInDurableObject(stub(), async (_, state) => {
    await state.storage.deleteAlarm();
    state.storage.sql.exec("DELETE FROM deliveries");
    state.storage.sql.exec("DELETE FROM receivers");
  });

beforeEach(async () => {
  await stub().take([]);
  await clear();
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await phones.clear();
  await clear();
});

describe("webhooks", () => {
  it("are signed as Standard Webhooks' own example", () => {
    const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const signature = signatureOf(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, '{"test": 2432232314}');
    expect(signature).toBe("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  });

  it("are told what they asked for, each signed by a secret of its own", async () => {
    const taken = receive(200);
    await stub().take([eventOf(1)]);
    await runDurableObjectAlarm(stub());
    expect(taken.map(({ url }) => url)).toEqual([CALLS]);
    const [{ body, headers } = { body: "", headers: new Headers() }] = taken;
    expect(JSON.parse(body)).toEqual(eventOf(1));
    const [id, seconds] = [headers.get("webhook-id") ?? "", Number(headers.get("webhook-timestamp"))];
    const signedBy = (url: string): string => signatureOf(signingSecretOf(env, url), id, seconds, body);
    expect(headers.get("webhook-signature")).toBe(signedBy(CALLS));
    expect(signedBy(ROOMS)).not.toBe(signedBy(CALLS));
    const mine = (await listed()).find(({ url }) => url === CALLS);
    expect(mine).toMatchObject({ pending: 0, dropped: 0, failure: null, secret: signingSecretOf(env, CALLS) });
  });

  it("that fail are told again, ever later, and are let alone after a day", async () => {
    const taken = receive(500, 0, 503);
    await stub().take([eventOf(2)]);
    const begun = Date.now();
    let last = begun;
    const pauses: number[] = [];
    for (let tries = 0; tries < 20; tries++) {
      if (!(await runDurableObjectAlarm(stub()))) break;
      const [row] = await runInDurableObject(stub(), (_, state) =>
        state.storage.sql.exec<{ due: number }>("SELECT due FROM deliveries").toArray(),
      );
      if (!row) break;
      pauses.push(row.due - last);
      last = row.due;
      vi.useFakeTimers({ now: row.due, toFake: ["Date"] });
      await runInDurableObject(stub(), (_, state) => state.storage.setAlarm(row.due));
    }
    expect(taken).toHaveLength(9);
    expect(new Set(taken.map(({ body }) => body)).size).toBe(1);
    expect(pauses.every((pause, i) => i === 0 || pause > (pauses[i - 1] ?? 0))).toBe(true);
    expect((last - begun) / 3_600_000).toBeGreaterThan(20);
    expect((await listed()).find(({ url }) => url === CALLS)).toMatchObject({
      ...{ pending: 0, dropped: 1, failure: "status 503" },
    });
  });

  it("wait for nobody else's failure", async () => {
    const taken: string[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
      const { id } = JSON.parse(String(init?.body)) as { id: string };
      taken.push(id);
      return new Response(null, { status: id.endsWith("3") ? 500 : 200 });
    });
    await stub().take([eventOf(3), eventOf(4), eventOf(5)]);
    await runDurableObjectAlarm(stub());
    expect(taken.toSorted()).toEqual([3, 4, 5].map(number => eventOf(number).id));
    expect((await listed()).find(({ url }) => url === CALLS)?.pending).toBe(1);
  });

  it("follow no redirect", async () => {
    const requests: RequestInit[] = [];
    vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
      requests.push(init ?? {});
      return new Response(null, { status: 307, headers: { location: "https://elsewhere.test/" } });
    });
    const delivery = { url: CALLS, secret: signingSecretOf(env, CALLS), id: "evt_0123456789abcdef", body: "{}" };
    expect(await deliver(delivery, Date.now())).toBe("status 307");
    expect(requests).toMatchObject([{ redirect: "manual" }]);
  });

  it("hear of a room from its first to its last, once each turn stands", async () => {
    const taken = receive(200);
    const room = uniqueRoom();
    const ada = await join(room, "ada");
    const bob = await join(room, "bob");
    await ada.close();
    expect((await askApi("DELETE", `/v1/rooms/${room}/participants/${bob.welcome.you.pid}`)).status).toBe(204);
    const told = () =>
      taken
        .map(({ body }) => JSON.parse(body) as { type: string; identity?: string; room?: string; reason?: string })
        .filter(event => event.room === room)
        .map(({ type, identity, reason }) => [type, identity, reason].filter(Boolean).join(" "));
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(stub());
      expect(told()).toEqual(
        expect.arrayContaining([
          ...["room.started", "participant.joined ada", "participant.joined bob", "participant.left bob removed"],
        ]),
      );
    });
    expect(taken.every(({ url }) => url === ROOMS)).toBe(true);
  });

  it("hear of a call's every step and of its true end, and of its trunk", async () => {
    const taken = receive(200);
    const node = await phones.node();
    const trunk = await phones.trunk(node);
    const rule = await phones.rule({ trunks: [trunk.id], room: uniqueRoom(), create: true, pin: "4711" });
    const call = phones.incoming(node, trunk);
    await stateOf(call, "pin");
    const changed = await askApi("PATCH", `/v1/dispatch-rules/${rule.id}`, { pin: "0815" });
    expect(await changed.json()).toMatchObject({ hasPin: true, room: rule.room });
    node.send({ type: "call.digits", call, digits: "4711" });
    await vi.waitFor(async () => expect((await callOf(call)).events.at(-1)?.event).toBe("wrong-pin"));
    node.send({ type: "call.state", call, state: "ended", cause: { reason: "busy", sip: 486, q850: 17 } });
    await stateOf(call, "ended");
    const told = () =>
      taken
        .map(({ body }) => JSON.parse(body) as WebhookEvent)
        .filter(event => ("call" in event ? event.call === call : "trunk" in event && event.trunk === trunk.id));
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(stub());
      const steps = told().flatMap(event => (event.type === "call.changed" ? [event.step, event.detail] : []));
      expect(steps.filter(Boolean)).toEqual(expect.arrayContaining(["incoming", "pin", "wrong-pin", "1 of 3"]));
      expect(told().find(({ type }) => type === "call.ended")).toMatchObject({
        ...{ direction: "in", trunk: trunk.id, cause: { reason: "busy", sip: 486, q850: 17 } },
      });
      expect(told().some(event => event.type === "trunk.changed" && event.state === "idle")).toBe(true);
    });
  });

  it("are refused where what they are told would go in the clear, or there is no such event", () => {
    const settings =
      (webhooks: unknown, LOCAL = "false") =>
      () =>
        settingsOf({ ...env, LOCAL, WEBHOOKS: JSON.stringify(webhooks) });
    for (const url of ["http://example.com/", "ftp://example.com/", "nonsense", "http://127.0.0.1.example.com/"]) {
      expect(settings([{ url }], "true"), url).toThrow("WEBHOOKS");
    }
    expect(settings([{ url: "http://127.0.0.1:9000/" }])).toThrow("WEBHOOKS");
    expect(settings([{ url: "https://example.com/", events: ["room.painted"] }])).toThrow("room.started");
    expect(settings([{ url: "http://127.0.0.1:9000/" }], "true")().webhooks).toEqual([
      { url: "http://127.0.0.1:9000/", events: ["*"] },
    ]);
  });
});
