/**
 * Webhooks as a back end takes them: verified as Standard Webhooks has it, and typed.
 * @module
 */
import * as v from "valibot";
import { WEBHOOK_EVENTS, WebhookEvent } from "../protocol/webhooks.ts";

export interface VerifyOptions {
  /** Seconds that the sender's clock and ours may differ. */
  readonly tolerance?: number;
  /** Milliseconds; default: now. */
  readonly now?: number;
}

/** A request that isn't this deployment's, or is too old: answer 400 and forget it. */
export class WebhookError extends Error {
  override readonly name = "WebhookError";
}

const TOLERANCE = 300;
const encoder = new TextEncoder();

async function macOf(secret: string, text: string): Promise<Uint8Array> {
  const key = Uint8Array.from(atob(secret.replace(/^whsec_/, "")), char => char.charCodeAt(0));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
}

/** In a time that says nothing of where they differ. */
function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

function bytesOf(base64: string): Uint8Array {
  try {
    return Uint8Array.from(atob(base64), char => char.charCodeAt(0));
  } catch {
    return new Uint8Array(0);
  }
}

/**
 * Verifies a webhook request and reads its event. Events may come twice, and out of order: `id` tells one, `at` says when it happened.
 * @param body the request's text as it came: parsed and written again it is another
 * @param headers of the request
 * @param secret as `GET /v1/webhooks` tells it, `whsec_…`; several while one is replaced
 * @returns the event; undefined for one of a type that this version doesn't know, which is to be ignored
 * @throws (rejects with) WebhookError
 */
export async function verifyWebhook(
  body: string,
  headers: Headers | Readonly<Record<string, string | string[] | undefined>>,
  secret: string | readonly string[],
  { tolerance = TOLERANCE, now = Date.now() }: VerifyOptions = {},
): Promise<WebhookEvent | undefined> {
  const read = (name: string): string => String((headers instanceof Headers ? headers.get(name) : headers[name]) ?? "");
  const [id, time, signature] = [read("webhook-id"), read("webhook-timestamp"), read("webhook-signature")];
  if (id === "" || !/^\d{1,12}$/.test(time) || signature === "") throw new WebhookError("no webhook's headers");
  if (Math.abs(now / 1_000 - Number(time)) > tolerance) throw new WebhookError("too old, or a clock is wrong");
  const given = signature.split(" ").flatMap(part => (part.startsWith("v1,") ? [bytesOf(part.slice(3))] : []));
  let isRight = false;
  for (const each of [secret].flat()) {
    const mac = await macOf(each, `${id}.${time}.${body}`);
    for (const candidate of given) if (isEqual(mac, candidate)) isRight = true;
  }
  if (!isRight) throw new WebhookError("signed with another secret");
  const event: unknown = JSON.parse(body);
  if (!Object.hasOwn(WEBHOOK_EVENTS, String((event as { type?: unknown }).type))) return undefined;
  return v.parse(WebhookEvent, event);
}
