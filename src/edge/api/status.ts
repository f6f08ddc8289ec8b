/** `/v1/config` and `/v1/health`: what anybody may know. @module */
import { Hono } from "hono";
import type { PublicConfig } from "../../protocol/rest.ts";
import { secretOf, settingsOf, VERSION } from "../settings.ts";
import { keysOf } from "../tokens/keys.ts";
import type { HttpEnv } from "./http.ts";

export const status = new Hono<HttpEnv>();

status.get("/config", c => {
  const config: PublicConfig = { access: settingsOf(c.env).access, version: VERSION };
  return c.json(config);
});

/** Well if everything that the deployment was told can be used; else the problem names what can't. */
status.get("/health", async c => {
  const { access } = settingsOf(c.env);
  await keysOf(c.env, "API_KEYS");
  secretOf(c.env, "RESUME_SECRET");
  if (access === "invite") secretOf(c.env, "OPERATOR_PASSWORD");
  return c.body(null, 204);
});
