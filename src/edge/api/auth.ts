/** Who may use the REST API. @module */
import { createMiddleware } from "hono/factory";
import { TandemError } from "../../protocol/errors.ts";
import { verifyApiToken } from "../tokens/jwt.ts";
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
