/**
 * WHIP (RFC 9725) and WHEP: an offer is POSTed and answered, the session is PATCHed and DELETEd. The bearer token is a join token;
 * media goes to the node directly.
 * @module
 */
import { type Context, Hono } from "hono";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { ParticipantId } from "../../protocol/names.ts";
import { joinClaimsOf } from "../api/auth.ts";
import { bearerOf, type HttpEnv, placeOf, problem, roomOf } from "../api/http.ts";
import { iceLinks } from "../api/ice-servers.ts";
import { unwrap } from "../reply.ts";
import { settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { parseIfMatch } from "./etag.ts";
import { FRAGMENT, fragmentOf, parseFragment } from "./fragment.ts";
import { type AttendanceKind, checkOffer } from "./offer.ts";

export const SDP = "application/sdp";

async function textOf(c: Context<HttpEnv>, type: string, limit: number): Promise<string> {
  const given = c.req.header("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (given !== type) throw new TandemError("bad-content-type", `expects ${type}`);
  if (Number(c.req.header("content-length") ?? 0) > limit) throw new TandemError("too-large", `at most ${limit} bytes`);
  // Not text(): the runtime warns of bodies whose type does not begin with text/.
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength > limit) throw new TandemError("too-large", `at most ${limit} bytes`);
  return new TextDecoder().decode(bytes);
}

function pidOf(c: Context<HttpEnv>): string {
  const pid = c.req.param("pid");
  if (!v.is(ParticipantId, pid)) throw new TandemError("no-such-participant");
  return pid;
}

/** Servers that the bearer may gather candidates with, as one `Link` header each (RFC 9725 §4.6). */
function link(c: Context<HttpEnv>, servers: Parameters<typeof iceLinks>[0]): void {
  for (const value of iceLinks(servers)) c.header("link", value, { append: true });
}

/** Routes of one of the two protocols. */
export function sessions(kind: AttendanceKind): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();

  const begin = async (c: Context<HttpEnv>): Promise<Response> => {
    settingsOf(c.env);
    const room = roomOf(c);
    const claims = await joinClaimsOf(c, room, "join");
    const sdp = await textOf(c, SDP, LIMITS.descriptionFrameBytes);
    const publishes = checkOffer(kind, sdp, claims.grants);
    const request = { kind, sdp, publishes, target: c.req.param("target") ?? "" };
    const attended = unwrap(await roomStub(c.env, room).attend(claims, request, placeOf(c.req.raw)));
    link(c, attended.iceServers);
    const location = `/v1/${kind}/${room}/${attended.pid}`;
    return c.body(attended.sdp, 201, {
      "content-type": SDP,
      location,
      etag: attended.etag,
      "accept-patch": FRAGMENT,
    });
  };
  app.post("/:room", begin);
  if (kind === "whep") app.post("/:room/:target", begin);

  app.patch("/:room/:pid", async c => {
    const room = roomOf(c);
    const pid = pidOf(c);
    const claims = await joinClaimsOf(c, room, "session");
    const ice = parseFragment(await textOf(c, FRAGMENT, LIMITS.frameBytes));
    const match = parseIfMatch(c.req.header("if-match"));
    if (match === undefined) throw new TandemError("if-match-missing");
    const restarted = unwrap(await roomStub(c.env, room).patchAttendance(claims, { kind, pid, match, ice }));
    if (restarted === null) return c.body(null, 204);
    return c.body(fragmentOf(restarted.sdp), 200, { "content-type": FRAGMENT, etag: restarted.etag });
  });

  // Whatever If-Match says: some clients send one.
  app.delete("/:room/:pid", async c => {
    const room = roomOf(c);
    const pid = pidOf(c);
    const claims = await joinClaimsOf(c, room, "session");
    unwrap(await roomStub(c.env, room).endAttendance(claims, { kind, pid }));
    return c.body(null, 200);
  });

  // Nothing to read, and no error: so that an address can be tried.
  const look = (c: Context<HttpEnv>): Response => {
    roomOf(c);
    if (c.req.method !== "HEAD") return c.body(null, 204);
    return c.body(null, 200, kind === "whep" ? { "content-type": SDP } : {});
  };
  app.get("/:room", look);
  app.get("/:room/:rest", look);

  const refuse = (allow: string) => (): Response => {
    const response = problem("method-not-allowed");
    response.headers.set("allow", allow);
    return response;
  };
  app.all("/:room", refuse("POST, GET, HEAD, OPTIONS"));
  app.all(
    "/:room/:rest",
    refuse(kind === "whep" ? "POST, PATCH, DELETE, GET, HEAD, OPTIONS" : "PATCH, DELETE, GET, HEAD, OPTIONS"),
  );
  return app;
}

/** What OPTIONS tells besides CORS: which bodies are taken, and to a bearer that is no browser's preflight, ICE servers. */
export async function discover(c: Context<HttpEnv>, next: () => Promise<void>): Promise<void> {
  await next();
  const session = v.is(ParticipantId, c.req.path.split("/")[4]);
  if (c.req.method !== "OPTIONS" && c.res.status !== 415) return;
  c.header(session ? "accept-patch" : "accept-post", session ? FRAGMENT : SDP);
  if (c.req.method !== "OPTIONS") return;
  c.res = new Response(null, { status: 200, headers: c.res.headers });
  if (c.req.header("access-control-request-method") !== undefined || bearerOf(c.req.raw) === undefined) return;
  const room = c.req.path.split("/")[3] ?? "";
  const claims = await joinClaimsOf(c, room, "join");
  link(c, unwrap(await roomStub(c.env, room).iceServers({ kind: "join", claims }, placeOf(c.req.raw))).iceServers);
}
