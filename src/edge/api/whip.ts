/**
 * WHIP (RFC 9725) and WHEP, the small form: an offer is POSTed and answered, the session is DELETEd. The bearer token is a join
 * token; media goes to the node directly.
 * @module
 */
import { type Context, Hono } from "hono";
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { unwrap } from "../reply.ts";
import type { AttendanceKind } from "../rooms/attendance.ts";
import { roomStub } from "../stubs.ts";
import { verifyJoinToken } from "../tokens/jwt.ts";
import { bearerOf, type HttpEnv, roomOf } from "./http.ts";
import { countFailures, spend } from "./limits.ts";

const SDP = "application/sdp";

async function claimsOf(c: Context<HttpEnv>, room: string, expired?: "accepted"): Promise<JoinClaims> {
  const claims = await countFailures(c.env, c.req.raw, async () => {
    const token = bearerOf(c.req.raw);
    if (token === undefined) throw new TandemError("token-missing");
    return await verifyJoinToken(c.env, token, room, expired);
  });
  await spend(c.env.JOIN_LIMIT, `${room} ${claims.sub}`);
  return claims;
}

async function sdpOf(c: Context<HttpEnv>): Promise<string> {
  const type = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== SDP) throw new TandemError("bad-content-type", `expects ${SDP}`);
  if (Number(c.req.header("content-length") ?? 0) > LIMITS.descriptionFrameBytes) throw new TandemError("too-large");
  // Not text(): the runtime warns of bodies whose type does not begin with text/.
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength > LIMITS.descriptionFrameBytes) throw new TandemError("too-large");
  return new TextDecoder().decode(bytes);
}

/** Routes of one of the two protocols. */
export function sessions(kind: AttendanceKind): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.post("/:room", async c => {
    const room = roomOf(c);
    const claims = await claimsOf(c, room);
    const sdp = await sdpOf(c);
    const { pid, sdp: answer } = unwrap(await roomStub(c.env, room).attend(kind, claims, sdp));
    return c.body(answer, 201, { "content-type": SDP, location: `/v1/${kind}/${room}/${pid}` });
  });
  app.delete("/:room/:pid", async c => {
    const room = roomOf(c);
    // A broadcast may well last longer than the token that began it.
    const claims = await claimsOf(c, room, "accepted");
    unwrap(await roomStub(c.env, room).endAttendance(claims, c.req.param("pid")));
    return c.body(null, 200);
  });
  return app;
}
