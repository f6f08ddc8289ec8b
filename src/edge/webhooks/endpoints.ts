/**
 * Who is told: the deployment's variable, so that objects know without asking whether anybody is.
 * @module
 */
import { createHmac } from "node:crypto";
import type { WebhookEvent } from "../../protocol/webhooks.ts";
import { fitsEvent } from "../../protocol/webhooks.ts";
import { secretOf, settingsOf, type WebhookEndpoint } from "../settings.ts";

export const endpointsFor = (env: Cloudflare.Env, type: WebhookEvent["type"]): readonly WebhookEndpoint[] =>
  settingsOf(env).webhooks.filter(({ events }) => fitsEvent(type, events));

/**
 * The secret by which a receiver verifies what it is told: its own, of the deployment's, which need not be kept twice.
 * @throws TandemError `missing-secret`
 */
export function signingSecretOf(env: Cloudflare.Env, url: string): string {
  const key = createHmac("sha256", secretOf(env, "RESUME_SECRET")).update(`webhook\n${url}`).digest("base64");
  return `whsec_${key}`;
}
