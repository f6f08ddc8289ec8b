/** `/v1/webhooks`: who is told of events, and how that goes. @module */
import { Hono } from "hono";
import type { WebhookList } from "../../protocol/webhooks.ts";
import { webhooksStub } from "../stubs.ts";
import { requireApiToken } from "./auth.ts";
import type { HttpEnv } from "./http.ts";

export const webhooks = new Hono<HttpEnv>();
webhooks.use(requireApiToken);

webhooks.get("/", async c => {
  const answer: WebhookList = { webhooks: await webhooksStub(c.env, undefined).list() };
  return c.json(answer);
});
