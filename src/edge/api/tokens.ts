/** `/v1/tokens` and `/v1/open/tokens`: join tokens for those who can't, or needn't, sign their own. @module */
import { Hono } from "hono";
import { TandemError } from "../../protocol/errors.ts";
import { MEMBER_GRANTS } from "../../protocol/grants.ts";
import { TIMES } from "../../protocol/limits.ts";
import { MintToken, OpenToken, type Token } from "../../protocol/rest.ts";
import { checkProfile } from "../rooms/profile.ts";
import { hostGrants, settingsOf } from "../settings.ts";
import { mintJoinToken } from "../tokens/jwt.ts";
import { randomId } from "../tokens/random.ts";
import { requireApiToken } from "./auth.ts";
import { bodyOf, type HttpEnv } from "./http.ts";

export const tokens = new Hono<HttpEnv>();

tokens.post("/", requireApiToken, async c => {
  const { room, identity, ttl, grants, ...rest } = await bodyOf(c, MintToken);
  checkProfile(rest.metadata, rest.attributes ?? {});
  const claims = { sub: identity, room, grants: grants ?? { ...MEMBER_GRANTS, create: true }, ...rest };
  const answer: Token = { room, identity, ...(await mintJoinToken(c.env, claims, ttl)) };
  return c.json(answer, 201);
});

/** Only where anybody may enter, as anybody: on a developer's machine. */
export const openTokens = new Hono<HttpEnv>();

openTokens.post("/", async c => {
  if (settingsOf(c.env).access !== "open") throw new TandemError("access-mode");
  const { room, name } = await bodyOf(c, OpenToken);
  const identity = `open-${randomId(9)}`;
  const claims = { sub: identity, room, name, grants: hostGrants(c.env) };
  const answer: Token = { room, identity, ...(await mintJoinToken(c.env, claims, TIMES.inviteToken / 1_000)) };
  return c.json(answer, 201);
});
