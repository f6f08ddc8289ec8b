/**
 * Events handed to the object that delivers them: rooms and telephony wait for nobody, and cost nothing where nobody listens.
 * @module
 */
import type { WebhookEvent } from "../../protocol/webhooks.ts";
import { type Log, reasonOf } from "../log.ts";
import { webhooksStub } from "../stubs.ts";
import { randomId } from "../tokens/random.ts";
import { endpointsFor } from "./endpoints.ts";

type WithoutId<E> = E extends unknown ? Omit<E, "id"> : never;
/** An event as its cause writes it. */
export type NewWebhookEvent = WithoutId<WebhookEvent>;

const TRIES = 3;

/** Hand events over, at once and in one go. @param near a room id whose jurisdiction they must not leave */
export async function tellWebhooks(
  env: Cloudflare.Env,
  log: Log,
  near: string | undefined,
  events: readonly NewWebhookEvent[],
): Promise<void> {
  const wanted = events.filter(({ type }) => endpointsFor(env, type).length > 0);
  if (wanted.length === 0) return;
  const named = wanted.map(event => ({ id: `evt_${randomId(18)}`, ...event }) as WebhookEvent);
  for (let tries = 1; ; tries++) {
    try {
      await webhooksStub(env, near).take(named);
      return;
    } catch (error) {
      if (tries < TRIES) continue;
      log.error("webhooks-untold", { events: named.length, reason: reasonOf(error) });
      return;
    }
  }
}
