/**
 * `GET /v1/rooms/:room/connect`: the way into a room. Authenticates before the room's object is asked anything.
 * @module
 */
import type { Context } from "hono";
import { TandemError } from "../../protocol/errors.ts";
import { BEARER_PREFIX, RESUME_PREFIX, SIGNALING_PROTOCOL } from "../../protocol/version.ts";
import type { Refusal } from "../reply.ts";
import { ADMISSION_HEADER, type Admission, encodeAdmission } from "../rooms/admission.ts";
import { errorText } from "../rooms/frames.ts";
import { secretOf, settingsOf } from "../settings.ts";
import { roomStub } from "../stubs.ts";
import { verifyJoinToken } from "../tokens/jwt.ts";
import { verifyResumeToken } from "../tokens/resume.ts";
import { bearerOf, type HttpEnv, placeOf, roomOf } from "./http.ts";
import { countFailures, spend } from "./limits.ts";
import { accept, explainUpgrade, offersOf, tokenOf, upgrade } from "./upgrade.ts";

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
  const admission: Admission = {
    ...(await countFailures(env, request, () => authenticate(env, request, room))),
    place: placeOf(request),
  };
  // A request of our own making: nothing of the client's reaches the object but what was verified.
  const response = await roomStub(env, room).fetch("https://room/", {
    headers: { upgrade: "websocket", [ADMISSION_HEADER]: encodeAdmission(admission) },
  });
  if (!response.webSocket) {
    const { code, detail }: Refusal = await response.json();
    throw new TandemError(code, detail);
  }
  return accept(response.webSocket, SIGNALING_PROTOCOL);
}

/** Handler of upgrades that speak our protocol; all else is left to {@link explain}. */
export const connect = upgrade(SIGNALING_PROTOCOL, enter, errorText);

/** Answers those who came the wrong way. @throws TandemError always */
export const explain = (c: Context<HttpEnv>): never => explainUpgrade(c, SIGNALING_PROTOCOL);
