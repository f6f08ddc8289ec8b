/**
 * `GET /v1/ice-servers`: STUN and TURN servers, with credentials of one participant's own; and the same as `Link` headers for who
 * comes by WHIP or WHEP.
 * @module
 */
import { type Context, Hono } from "hono";
import { decodeJwt } from "jose";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import type { IceServer } from "../../protocol/model.ts";
import { Identity, RoomId } from "../../protocol/names.ts";
import type { IceServers } from "../../protocol/rest.ts";
import { unwrap } from "../reply.ts";
import type { IceAsker } from "../rooms/ice.ts";
import { secretOf, settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { verifyApiToken, verifyJoinToken } from "../tokens/jwt.ts";
import { isResumeToken, verifyResumeToken } from "../tokens/resume.ts";
import { bearerOf, type HttpEnv, placeOf, queryOf } from "./http.ts";
import { countFailures, spend } from "./limits.ts";

const Query = v.object({ room: v.optional(RoomId), identity: v.optional(Identity) });

const missing = (name: string): TandemError =>
  new TandemError("bad-request", `${name}: needed with this kind of token`);

/** What a token says of its kind and room. Believed only once it is verified. */
function glance(token: string): { aud?: unknown; room?: unknown } {
  try {
    return decodeJwt(token);
  } catch {
    throw new TandemError("token-invalid", "not a JWT");
  }
}

async function authenticate(c: Context<HttpEnv>): Promise<{ room: string; asker: IceAsker }> {
  const { env } = c;
  const { room, identity } = queryOf(c, Query);
  const token = bearerOf(c.req.raw);
  if (token === undefined) throw new TandemError("token-missing");
  if (isResumeToken(token)) {
    if (room === undefined) throw missing("room");
    const { life, pid } = verifyResumeToken(secretOf(env, "RESUME_SECRET"), room, token, Date.now());
    await spend(env.RESUME_LIMIT, `${room} ${pid}`);
    return { room, asker: { kind: "resume", life, pid } };
  }
  const { aud, room: named } = glance(token);
  if (aud === "api") {
    await spend(env.API_LIMIT, await verifyApiToken(env, token));
    if (room === undefined) throw missing("room");
    if (identity === undefined) throw missing("identity");
    return { room, asker: { kind: "api", identity } };
  }
  const wanted = room ?? (v.is(RoomId, named) ? named : "");
  const claims = await verifyJoinToken(env, token, wanted);
  await spend(env.JOIN_LIMIT, `${wanted} ${claims.sub}`);
  return { room: wanted, asker: { kind: "join", claims } };
}

/** Servers as values of `Link` headers, one a URL (RFC 9725 §4.6). */
export const iceLinks = (servers: readonly IceServer[]): string[] =>
  servers.flatMap(({ urls, username, credential }) =>
    urls.map(url => {
      const quoted = (text: string): string => `"${text.replaceAll(/[^\x20-\x7e]/g, "").replaceAll(/["\\]/g, "\\$&")}"`;
      const link = `<${url.replaceAll(/[<>\s]/g, "")}>; rel="ice-server"`;
      if (username === undefined || credential === undefined) return link;
      return `${link}; username=${quoted(username)}; credential=${quoted(credential)}; credential-type="password"`;
    }),
  );

export const iceServers = new Hono<HttpEnv>().get("/", async c => {
  settingsOf(c.env);
  const { room, asker } = await countFailures(c.env, c.req.raw, () => authenticate(c));
  const now = Date.now();
  const { iceServers, iceServersTtl } = unwrap(await roomStub(c.env, room).iceServers(asker, placeOf(c.req.raw)));
  const body: IceServers = {
    iceServers: [...iceServers],
    expiresAt: iceServersTtl === undefined ? null : now + iceServersTtl,
  };
  return c.json(body);
});
