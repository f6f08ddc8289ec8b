/**
 * WHIP and WHEP as a table: the routes whose bodies are descriptions and not JSON. All of them want a join token.
 * @module
 */
import type { ErrorCode } from "./errors.ts";

/** One method of one path. */
export interface ProgramRoute {
  readonly method: "POST" | "PATCH" | "DELETE";
  /** OpenAPI style: `{room}`. */
  readonly path: string;
  readonly summary: string;
  /** Media type of the request's body. */
  readonly body?: string;
  /** Headers of the request, besides `Authorization` and `Content-Type`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Status → what it means, the media type of its body and its headers. */
  readonly answers: Readonly<
    Record<number, { readonly means: string; readonly body?: string; readonly headers?: readonly string[] }>
  >;
  readonly errors: readonly ErrorCode[];
}

const SDP = "application/sdp";
const FRAGMENT = "application/trickle-ice-sdpfrag";
const ENTRY = [
  ...(["media-offer", "bad-content-type", "too-large", "token-wrong-room", "no-grant"] as const),
  ...(["no-such-room", "room-full", "room-closed", "removed", "no-media-node"] as const),
];
const SESSION = ["token-wrong-room", "no-such-participant"] as const;

const routesOf = (protocol: "whip" | "whep", begin: string): ProgramRoute[] => [
  {
    method: "POST",
    path: `/v1/${protocol}/{room}`,
    summary: begin,
    body: SDP,
    answers: {
      201: { means: "It has begun.", body: SDP, headers: ["Location", "ETag", "Link", "Accept-Patch"] },
    },
    errors: ENTRY,
  },
  {
    method: "PATCH",
    path: `/v1/${protocol}/{room}/{pid}`,
    summary: "Tell candidates, or restart ICE with `If-Match: *` and new credentials.",
    body: FRAGMENT,
    headers: { "If-Match": "The session's newest ETag, or `*`." },
    answers: {
      200: { means: "ICE restarts.", body: FRAGMENT, headers: ["ETag"] },
      204: { means: "The candidates are taken." },
    },
    errors: [...SESSION, "bad-content-type", "too-large", "if-match-missing", "etag-stale", "no-media-node"],
  },
  {
    method: "DELETE",
    path: `/v1/${protocol}/{room}/{pid}`,
    summary: "End the session. The token may have expired since.",
    answers: { 200: { means: "It has ended." } },
    errors: SESSION,
  },
];

const whep = routesOf("whep", "Play a room (WHEP): who speaks, to see and to hear.");

export const PROGRAM_ROUTES: readonly ProgramRoute[] = [
  ...routesOf("whip", "Publish into a room (WHIP, RFC 9725)."),
  ...whep,
  ...whep.slice(0, 1).map(
    (route): ProgramRoute => ({
      ...route,
      path: "/v1/whep/{room}/{source}",
      summary: "Play one source, by its number, or all that a participant publishes, by its identity.",
      errors: [...route.errors, "no-such-source", "no-such-participant"],
    }),
  ),
];
