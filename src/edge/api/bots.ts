/** `/v1/bots`: audio for programs. @module */
import { Hono } from "hono";
import { OpenBot } from "../../protocol/bots.ts";
import { unwrap } from "../reply.ts";
import { checkBot } from "../rooms/bots.ts";
import { settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { joinClaimsOf } from "./auth.ts";
import { bodyOf, type HttpEnv, problem, roomOf } from "./http.ts";

export const bots = new Hono<HttpEnv>();

bots.post("/:room", async c => {
  settingsOf(c.env);
  const room = roomOf(c);
  const claims = await joinClaimsOf(c, room, "join");
  const wish = await bodyOf(c, OpenBot);
  checkBot(wish, claims.grants);
  return c.json(unwrap(await roomStub(c.env, room).openBot(claims, wish)), 201);
});

bots.all("/:room", () => {
  const response = problem("method-not-allowed");
  response.headers.set("allow", "POST, OPTIONS");
  return response;
});
