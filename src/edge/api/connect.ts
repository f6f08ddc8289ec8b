/**
 * `GET /v1/rooms/:room/connect`: the way into a room. Authenticates before the room's object is asked anything.
 * @module
 */
import type { Context, Next } from "hono";
import { ERRORS, type ErrorCode, TandemError } from "../../protocol/errors.ts";
import { BEARER_PREFIX, RESUME_PREFIX, SIGNALING_PROTOCOL } from "../../protocol/version.ts";
import { createLog, reasonOf } from "../log.ts";
import type { Refusal } from "../reply.ts";
import { ADMISSION_HEADER, type Admission, encodeAdmission } from "../rooms/admission.ts";
import { errorText } from "../rooms/frames.ts";
import { secretOf, settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { verifyJoinToken } from "../tokens/jwt.ts";
import { verifyResumeToken } from "../tokens/resume.ts";
import { bearerOf, type HttpEnv, roomOf } from "./http.ts";
import { countFailures, spend } from "./limits.ts";

/** Subprotocols that the client offers. */
const offersOf = (request: Request): string[] =>
  (request.headers.get("sec-websocket-protocol") ?? "")
    .split(",")
    .map(offer => offer.trim())
    .filter(Boolean);

const tokenOf = (offers: readonly string[], prefix: string): string | undefined =>
  offers.find(offer => offer.startsWith(prefix))?.slice(prefix.length);

async function authenticate(env: Cloudflare.Env, request: Request, room: string): Promise<Admission> {
  const offers = offersOf(request);
  const resume = tokenOf(offers, RESUME_PREFIX);
  if (resume !== undefined) {
    const { life, pid } = verifyResumeToken(secretOf(env, "RESUME_SECRET"), room, resume, Date.now());
    await spend(env.RESUME_LIMIT, `${room} ${pid}`);
    return { kind: "resume", life, pid };
  }
  // The room will need it for the welcome; better to know before anybody is in.
  secretOf(env, "RESUME_SECRET");
  const token = tokenOf(offers, BEARER_PREFIX) ?? bearerOf(request);
  if (token === undefined) throw new TandemError("token-missing");
  const claims = await verifyJoinToken(env, token, room);
  await spend(env.JOIN_LIMIT, `${room} ${claims.sub}`);
  return { kind: "join", claims };
}

async function enter(c: Context<HttpEnv>): Promise<Response> {
  const { env } = c;
  const request = c.req.raw;
  const room = roomOf(c);
  settingsOf(env);
  const admission = await countFailures(env, request, () => authenticate(env, request, room));
  // A request of our own making: nothing of the client's reaches the object but what was verified.
  const response = await roomStub(env, room).fetch("https://room/", {
    headers: { upgrade: "websocket", [ADMISSION_HEADER]: encodeAdmission(admission) },
  });
  if (!response.webSocket) {
    const { code, detail }: Refusal = await response.json();
    throw new TandemError(code, detail);
  }
  return accept(response.webSocket);
}

const accept = (webSocket: WebSocket): Response =>
  new Response(null, { status: 101, webSocket, headers: { "sec-websocket-protocol": SIGNALING_PROTOCOL } });

/**
 * A refusal that a browser can read: it shows every failed upgrade as a bare 1006, so the socket is accepted, here and not
 * by the object, and closed with the error's code after one frame.
 */
function refuse(code: ErrorCode, detail: string | undefined): Response {
  const { 0: client, 1: server } = new WebSocketPair();
  server.accept();
  server.send(errorText(code, detail));
  server.close(ERRORS[code].close, code);
  return accept(client);
}

const isUpgrade = (request: Request): boolean => request.headers.get("upgrade")?.toLowerCase() === "websocket";

/** Handler of upgrades that speak our protocol; all else is left to {@link explain}. */
export async function connect(c: Context<HttpEnv>, next: Next): Promise<Response | undefined> {
  const request = c.req.raw;
  if (!isUpgrade(request) || !offersOf(request).includes(SIGNALING_PROTOCOL)) {
    await next();
    return undefined;
  }
  try {
    return await enter(c);
  } catch (error) {
    if (!(error instanceof TandemError)) {
      createLog(c.env.LOG_LEVEL).error("connect-failed", { reason: reasonOf(error) });
      return refuse("internal", undefined);
    }
    // A flood is not worth a socket.
    if (error.code === "rate-limited") {
      return new Response("Too many requests\n", { status: 429, headers: { "retry-after": "60" } });
    }
    return refuse(error.code, error.detail);
  }
}

/** Answers those who came the wrong way. @throws TandemError always */
export function explain(c: Context<HttpEnv>): never {
  if (!isUpgrade(c.req.raw)) throw new TandemError("bad-request", "expects a WebSocket upgrade");
  throw new TandemError("upgrade-required", `offer the subprotocol ${SIGNALING_PROTOCOL}`);
}
