/**
 * What routes share: reading requests, answering with problems.
 * @module
 */
import type { Context } from "hono";
import * as v from "valibot";
import { type ErrorCode, problemOf, TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { RoomId } from "../../protocol/names.ts";
import { createLog, reasonOf } from "../log.ts";
import type { Place } from "../turn/nearest.ts";

export interface HttpEnv {
  Bindings: Cloudflare.Env;
  Variables: {
    /** Name of the API key that authenticated the request. */
    apiKey: string;
  };
}

/** Seconds after which a client may try again. */
const RETRY_AFTER: Readonly<Record<number, string>> = { 429: "60", 503: "5" };

/** An RFC 9457 problem document as a response. */
export function problem(code: ErrorCode, detail?: string): Response {
  const body = problemOf(code, detail);
  const headers = new Headers({ "content-type": "application/problem+json" });
  const wait = RETRY_AFTER[body.status];
  if (wait !== undefined) headers.set("retry-after", wait);
  // RFC 6750 §3.1: a request without a token is told no error.
  if (body.status === 401) {
    headers.set("www-authenticate", code === "token-missing" ? "Bearer" : 'Bearer error="invalid_token"');
  }
  return new Response(JSON.stringify(body), { status: body.status, headers });
}

/** The one error handler. What is not of the error table is logged and says nothing of itself. */
export function answerError(error: unknown, env: Cloudflare.Env): Response {
  if (error instanceof TandemError) return problem(error.code, error.detail);
  createLog(env.LOG_LEVEL).error("request-failed", { reason: reasonOf(error) });
  return problem("internal");
}

function check<T extends v.GenericSchema>(schema: T, value: unknown, where: string): v.InferOutput<T> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new TandemError("bad-request", `${v.getDotPath(issue) ?? where}: ${issue.message}`);
}

/**
 * The request's JSON body.
 * @throws TandemError `bad-request` or `too-large`
 */
export async function bodyOf<T extends v.GenericSchema>(c: Context<HttpEnv>, schema: T): Promise<v.InferOutput<T>> {
  const declared = Number(c.req.header("content-length") ?? 0);
  const text = declared > LIMITS.frameBytes ? undefined : await c.req.text();
  if (text === undefined || text.length > LIMITS.frameBytes) {
    throw new TandemError("too-large", `at most ${LIMITS.frameBytes} bytes`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new TandemError("bad-request", "body: not JSON");
  }
  return check(schema, value, "body");
}

/** The query. @throws TandemError `bad-request` */
export const queryOf = <T extends v.GenericSchema>(c: Context<HttpEnv>, schema: T): v.InferOutput<T> =>
  check(schema, c.req.query(), "query");

/** The room id in the path. @throws TandemError `bad-request` */
export const roomOf = (c: Context<HttpEnv>): string => check(RoomId, c.req.param("room"), "room");

/** Where the client seems to be, as Cloudflare tells. */
export function placeOf(request: Request): Place | undefined {
  const { latitude, longitude } = (request.cf ?? {}) as IncomingRequestCfProperties;
  const place = { latitude: Number(latitude ?? Number.NaN), longitude: Number(longitude ?? Number.NaN) };
  return Number.isFinite(place.latitude) && Number.isFinite(place.longitude) ? place : undefined;
}

/** The bearer token of a request, if it has one. */
export function bearerOf(request: Request): string | undefined {
  const [scheme, token] = (request.headers.get("authorization") ?? "").split(" ");
  return scheme?.toLowerCase() === "bearer" && token ? token : undefined;
}
