/**
 * Media nodes: their link, and the list of them.
 * @module
 */
import { type Context, Hono } from "hono";
import { TandemError } from "../../protocol/errors.ts";
import { BEARER_PREFIX, LINK_PROTOCOL } from "../../protocol/version.ts";
import { errorText } from "../rooms/frames.ts";
import { settingsOf } from "../settings.ts";
import { fleetStub, nodeStub } from "../stubs.ts";
import { verifyNodeToken } from "../tokens/jwt.ts";
import { requireApiToken } from "./auth.ts";
import { bearerOf, type HttpEnv } from "./http.ts";
import { countFailures } from "./limits.ts";
import { accept, explainUpgrade, offersOf, tokenOf, upgrade } from "./upgrade.ts";

async function enter(c: Context<HttpEnv>): Promise<Response> {
  const request = c.req.raw;
  settingsOf(c.env);
  const id = await countFailures(c.env, request, () => {
    const token = tokenOf(offersOf(request), BEARER_PREFIX) ?? bearerOf(request);
    if (token === undefined) throw new TandemError("token-missing");
    return verifyNodeToken(c.env, token);
  });
  const { webSocket } = await nodeStub(c.env, id).fetch("https://node/", { headers: { upgrade: "websocket" } });
  if (!webSocket) throw new TandemError("internal");
  return accept(webSocket, LINK_PROTOCOL);
}

/** `GET /v1/nodes/connect`: a media node's link. */
export const connectNode = upgrade(LINK_PROTOCOL, enter, errorText);
/** Answers those who came there the wrong way. @throws TandemError always */
export const explainNode = (c: Context<HttpEnv>): never => explainUpgrade(c, LINK_PROTOCOL);

export const nodes = new Hono<HttpEnv>().get("/", requireApiToken, async c =>
  c.json({ nodes: await fleetStub(c.env).list() }),
);
