/**
 * The one table of errors: edge, media node, SDK and documentation all read it.
 * @module
 */
import * as v from "valibot";

interface ErrorRow {
  /** HTTP status when it answers a request. */
  readonly status: number;
  /** WebSocket close code when it ends a connection. */
  readonly close: number;
  /** Whether the same attempt may succeed later; the SDK never retries the others. */
  readonly retryable: boolean;
  /** What happened and what to do, for the developer who reads it. */
  readonly message: string;
}

const row = (status: number, close: number, retryable: boolean, message: string): ErrorRow => ({
  status,
  close,
  retryable,
  message,
});

/** Error code → status, close code, whether to retry, and what to do about it. */
export const ERRORS = {
  "bad-request": row(400, 4400, false, "The request does not fit its schema; see `detail` for the field."),
  "bad-frame": row(400, 4401, false, "Frames are JSON objects in text with a `type`; see `detail`."),
  "unknown-command": row(400, 4402, false, "This server does not know that command; check `type` and the version."),
  "bad-content-type": row(415, 4437, false, "The body is of another type than expected; `detail` says which."),
  "method-not-allowed": row(405, 4438, false, "This address does not take that method; `Allow` lists those it takes."),
  "if-match-missing": row(428, 4439, false, "Send the session's ETag as `If-Match`, or `*` for an ICE restart."),
  "etag-stale": row(412, 4440, false, "ICE has been restarted since that ETag; send the newest, or `*` to restart."),
  "too-large": row(413, 4413, false, "The message exceeds the size limit; send less or in parts."),
  "wrong-state": row(409, 4409, false, "The command does not fit the state; say `hello` first, once."),
  "no-grant": row(403, 4403, false, "The token does not grant this; issue one that does."),
  "token-missing": row(401, 4410, false, "Send a token as `Authorization: Bearer` or as subprotocol `bearer.<token>`."),
  "token-invalid": row(401, 4411, false, "The token's signature, key or claims are not valid here; issue a new one."),
  "token-expired": row(401, 4412, false, "The token has expired; issue a new one."),
  "token-wrong-room": row(403, 4414, false, "The token is for another room; issue one for this room."),
  removed: row(403, 4415, false, "A moderator removed this participant; a token issued after the removal is needed."),
  replaced: row(409, 4416, false, "The same identity joined from elsewhere; this connection is over."),
  "resume-refused": row(410, 4417, false, "There is nothing left to resume; join again with a fresh token."),
  "room-full": row(403, 4418, true, "The room holds as many participants as it may; try again when somebody has left."),
  "room-closed": row(410, 4419, false, "The room was closed."),
  "no-such-room": row(404, 4404, false, "There is no such room; create it, or use a token with the `create` grant."),
  "room-exists": row(409, 4420, false, "A room of that name exists; choose another name or change that one."),
  "no-such-participant": row(404, 4421, false, "Nobody with that id is in the room."),
  "no-such-source": row(404, 4422, false, "There is no such source, or it is not yours."),
  "too-many-sources": row(409, 4423, false, "A participant may publish at most 16 sources; unpublish one first."),
  "peer-away": row(409, 4424, true, "That participant has no live connection; send again when it is back."),
  "no-media-node": row(503, 4425, true, "This room needs a media node and none is live; start one, or use mesh."),
  "node-setting": row(503, 4443, false, "The room's media node isn't set up for that; `detail` names the setting."),
  "rate-limited": row(429, 4429, true, "Too many messages; slow down and try again."),
  "hello-timeout": row(408, 4408, true, "The connection said no hello in time."),
  "upgrade-required": row(426, 4426, false, "This version is no longer spoken here; update the client or node."),
  "invitation-invalid": row(403, 4427, false, "The invitation is not valid; ask for a new link."),
  "password-wrong": row(403, 4428, false, "The operator password is wrong."),
  "access-mode": row(403, 4430, false, "This deployment's ROOM_ACCESS does not allow that way in."),
  "missing-secret": row(503, 4431, true, "The deployment lacks a secret; `detail` names it. Set it and deploy again."),
  "bad-setting": row(
    503,
    4436,
    true,
    "A setting of the deployment is not usable; `detail` names it. Correct it and deploy.",
  ),
  "not-found": row(404, 4432, false, "There is nothing at this address; see /openapi.json."),
  "media-offer": row(400, 4433, false, "The media offer cannot be answered; `detail` names the line."),
  "unsupported-codec": row(
    409,
    4444,
    false,
    "The source comes in a codec that can't go there; `detail` says which can.",
  ),
  "rtp-unavailable": row(503, 4441, true, "The room's media node takes no RTP now; `detail` says why."),
  "rtp-destination": row(
    403,
    4442,
    false,
    "The media node may not send there; its setting `rtp-destinations` lists where it may.",
  ),
  "no-such-trunk": row(404, 4450, false, "There is no trunk of that id."),
  "trunk-exists": row(409, 4451, false, "A trunk of that id exists; choose another id or change that one."),
  "no-such-rule": row(404, 4452, false, "There is no dispatch rule of that id."),
  "no-such-call": row(404, 4453, false, "There is no such call, or it has ended."),
  "destination-denied": row(403, 4454, false, "The trunk's `allow` list doesn't name that number."),
  "trunk-busy": row(429, 4455, true, "The trunk carries as many calls as it may; `detail` names the limit."),
  "trunk-unavailable": row(503, 4456, true, "No media node holds that trunk now; start one with SIP. See `detail`."),
  "room-elsewhere": row(409, 4457, true, "Another media node than the trunk's carries the room."),
  "call-state": row(409, 4458, false, "The call doesn't take that now; `detail` says its state."),
  "going-away": row(503, 4434, true, "The server is restarting; reconnect."),
  unreachable: row(503, 4435, true, "The server cannot be reached; check the address and this machine's network."),
  internal: row(500, 4500, true, "Something failed inside; try again, and report it if it stays."),
} as const satisfies Record<string, ErrorRow>;

/** A code of the error table. */
export type ErrorCode = keyof typeof ERRORS;

/** Whether `code` stands in this version's table (a newer server may send others). */
export const isErrorCode = (code: string): code is ErrorCode => Object.hasOwn(ERRORS, code);

/** The error whose close code is `close`, if it is one of ours. */
export function errorOfClose(close: number): ErrorCode | undefined {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) if (ERRORS[code].close === close) return code;
  return undefined;
}

/** An error of the table in flight. `detail` is safe to show: it never holds secrets, tokens or internals. */
export class TandemError extends Error {
  readonly code: ErrorCode;
  readonly detail: string | undefined;

  constructor(code: ErrorCode, detail?: string) {
    super(detail ? `${ERRORS[code].message} (${detail})` : ERRORS[code].message);
    this.name = "TandemError";
    this.code = code;
    this.detail = detail;
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** RFC 9457 problem document, the body of every failed REST request (`application/problem+json`). */
export const Problem = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  code: v.string(),
  retryable: v.boolean(),
  detail: v.optional(v.string()),
});
export type Problem = v.InferOutput<typeof Problem>;

/** The problem document of an error. */
export function problemOf(code: ErrorCode, detail?: string): Problem {
  const { status, retryable, message } = ERRORS[code];
  const problem: Problem = { type: `urn:tandem:error:${code}`, title: message, status, code, retryable };
  if (detail !== undefined) problem.detail = detail;
  return problem;
}
