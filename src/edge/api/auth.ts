/** Who may use the REST API, and who may come in by it. @module */
import type { Context } from "hono";
import { createMiddleware } from "hono/factory";
import { TandemError } from "../../protocol/errors.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { verifyApiToken, verifyJoinToken } from "../tokens/jwt.ts";
import { bearerOf, type HttpEnv } from "./http.ts";
import { countFailures, spend } from "./limits.ts";

/** Lets requests with a valid API token pass, at the rate of its key. */
export const requireApiToken = createMiddleware<HttpEnv>(async (c, next) => {
  const name = await countFailures(c.env, c.req.raw, async () => {
    const token = bearerOf(c.req.raw);
    if (token === undefined) throw new TandemError("token-missing");
    return await verifyApiToken(c.env, token);
  });
  await spend(c.env.API_LIMIT, name);
  c.set("apiKey", name);
  await next();
});

/**
 * Claims of a program's bearer, at the rate of its identity. With a `session` the token may have expired: a broadcast may well last
 * longer than the token that began it.
 * @throws TandemError
 */
export async function joinClaimsOf(
  c: Context<HttpEnv>,
  room: string,
  purpose: "join" | "session",
): Promise<JoinClaims> {
  const claims = await countFailures(c.env, c.req.raw, async () => {
    const token = bearerOf(c.req.raw);
    if (token === undefined) throw new TandemError("token-missing");
    return await verifyJoinToken(c.env, token, room, purpose === "session" ? "accepted" : "refused");
  });
  await spend(purpose === "join" ? c.env.JOIN_LIMIT : c.env.RESUME_LIMIT, `${room} ${claims.sub}`);
  return claims;
}
