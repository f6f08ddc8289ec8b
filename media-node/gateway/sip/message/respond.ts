import type { SipHeaders } from "./headers.ts";
import { NO_BODY, type ResponseDraft } from "./message.ts";
import { formatVia, type SipVia } from "./via.ts";

const REASONS: Readonly<Record<number, string>> = {
  100: "Trying",
  180: "Ringing",
  181: "Call Is Being Forwarded",
  183: "Session Progress",
  200: "OK",
  202: "Accepted",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  408: "Request Timeout",
  415: "Unsupported Media Type",
  416: "Unsupported URI Scheme",
  420: "Bad Extension",
  422: "Session Interval Too Small",
  480: "Temporarily Unavailable",
  481: "Call/Transaction Does Not Exist",
  482: "Loop Detected",
  486: "Busy Here",
  487: "Request Terminated",
  488: "Not Acceptable Here",
  489: "Bad Event",
  491: "Request Pending",
  500: "Server Internal Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Server Time-out",
  603: "Decline",
};

/** The usual words for a status (RFC 3261 §21), "" for one that we never send. */
export function reasonOf(status: number): string {
  return REASONS[status] ?? "";
}

export interface ResponseOptions {
  /** Instead of the usual words. */
  readonly reason?: string | undefined;
  /** For a To that has no tag yet (RFC 3261 §8.2.6.2). */
  readonly toTag?: string;
  /** Names in lower case. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array;
}

/** What a response repeats of its request (RFC 3261 §8.2.6.2). */
export interface Answerable {
  readonly headers: SipHeaders;
  readonly via: SipVia;
}

/** The response to a request, also to one that could not be taken: what it lacks, the answer lacks. */
export function createResponse(request: Answerable, status: number, options: ResponseOptions = {}): ResponseDraft {
  const { reason = reasonOf(status), toTag, headers: extra = {}, body = NO_BODY } = options;
  const headers: SipHeaders = new Map();
  for (const key of ["via", "from", "to", "call-id", "cseq", "timestamp"]) {
    const values = request.headers.get(key);
    if (values) headers.set(key, [...values]);
  }
  headers.set("via", [formatVia(request.via), ...(headers.get("via") ?? []).slice(1)]);
  const to = headers.get("to");
  if (to?.[0] !== undefined && toTag !== undefined && !/;\s*tag\s*=/i.test(to[0].slice(to[0].lastIndexOf(">") + 1))) {
    headers.set("to", [`${to[0]};tag=${toTag}`]);
  }
  for (const [key, value] of Object.entries(extra)) headers.set(key, typeof value === "string" ? [value] : [...value]);
  return { status, reason, headers, body };
}
