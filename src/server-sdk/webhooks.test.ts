import { createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { verifyWebhook, WebhookError } from "./webhooks.ts";

const SECRET = `whsec_${Buffer.from("a key of these tests, and no other").toString("base64")}`;
const NOW = 1_790_000_000_000;
const EVENT = { type: "room.started", id: "evt_0123456789abcdef", at: NOW, room: "stage" };

function request(event: unknown = EVENT, { secret = SECRET, time = NOW, id = EVENT.id } = {}) {
  const body = JSON.stringify(event);
  const seconds = String(time / 1_000);
  const key = Buffer.from(secret.slice(6), "base64");
  const mac = createHmac("sha256", key).update(`${id}.${seconds}.${body}`).digest("base64");
  return {
    body,
    headers: { "webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": `v1,AAAA v1,${mac}` },
  };
}
const options = { now: NOW };

describe("a webhook", () => {
  it("is read when it is signed, from either kind of headers, also while a secret is replaced", async () => {
    const { body, headers } = request();
    expect(await verifyWebhook(body, headers, SECRET, options)).toEqual(EVENT);
    expect(await verifyWebhook(body, new Headers(headers), [`whsec_${btoa("new")}`, SECRET], options)).toEqual(EVENT);
  });

  it("is ignored when its type isn't known yet", async () => {
    const { body, headers } = request({ ...EVENT, type: "room.painted" });
    expect(await verifyWebhook(body, headers, SECRET, options)).toBeUndefined();
    const odd = request({ ...EVENT, type: "constructor" });
    expect(await verifyWebhook(odd.body, odd.headers, SECRET, options)).toBeUndefined();
  });

  it.each([
    ["another secret", request(EVENT, { secret: `whsec_${btoa("other")}` })],
    [
      "another time than it says",
      { ...request(), headers: { ...request().headers, "webhook-timestamp": "1790000001" } },
    ],
    ["another id", { ...request(), headers: { ...request().headers, "webhook-id": "evt_other" } }],
    ["another body", { ...request(), body: request({ ...EVENT, room: "other" }).body }],
    ["an old time", request(EVENT, { time: NOW - 400_000 })],
    ["no headers", { ...request(), headers: {} }],
    ["nonsense for a signature", { ...request(), headers: { ...request().headers, "webhook-signature": "v1,%%%" } }],
  ])("is refused with %s", async (_, { body, headers }) => {
    await expect(verifyWebhook(body, headers, SECRET, options)).rejects.toThrow(WebhookError);
  });
});
