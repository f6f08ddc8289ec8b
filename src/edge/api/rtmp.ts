/** `/v1/rtmp`: encoders that know nothing else. @module */
import { Hono } from "hono";
import { TandemError } from "../../protocol/errors.ts";
import { unwrap } from "../reply.ts";
import { settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { joinClaimsOf } from "./auth.ts";
import { type HttpEnv, problem, roomOf } from "./http.ts";

export const rtmp = new Hono<HttpEnv>();

rtmp.post("/:room", async c => {
  settingsOf(c.env);
  const room = roomOf(c);
  const claims = await joinClaimsOf(c, room, "join");
  if (!claims.grants.publish?.includes("camera")) throw new TandemError("no-grant", "publish camera");
  return c.json(unwrap(await roomStub(c.env, room).openRtmp(claims)), 201);
});

rtmp.all("/:room", () => {
  const response = problem("method-not-allowed");
  response.headers.set("allow", "POST, OPTIONS");
  return response;
});
