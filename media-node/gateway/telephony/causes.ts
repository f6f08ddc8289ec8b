import type { CallCause } from "../../../src/protocol/index.ts";
import type { SipCallEnd } from "../sip/session/media.ts";

/** Words for what a call is refused by, those that a status alone tells (RFC 3261 §21, RFC 8197, RFC 8688). */
const WORDS: Readonly<Record<number, string>> = {
  401: "unauthorized",
  403: "forbidden",
  404: "not-found",
  407: "unauthorized",
  408: "no-answer",
  410: "not-found",
  480: "unavailable",
  484: "not-found",
  486: "busy",
  487: "cancelled",
  488: "no-common-codec",
  600: "busy",
  603: "declined",
  604: "not-found",
  606: "no-common-codec",
  607: "blocked",
  608: "blocked",
};

/** The telephone network's cause in Reason fields (RFC 3326); undefined where none tells it. */
function q850In(causes: readonly string[]): number | undefined {
  for (const text of causes) {
    const cause = /^\s*q\.850\s*;(?:.*;)?\s*cause\s*=\s*(\d{1,3})/i.exec(text)?.[1];
    if (cause !== undefined && Number(cause) <= 127) return Number(cause);
  }
  return undefined;
}

/** A word for what a status says of a call, or of a transfer. */
export function reasonFor(status: number): string {
  if (status < 200) return "progress";
  return status < 300 ? "transferred" : (WORDS[status] ?? "failed");
}

/** Why a call is over, as its end tells it. */
export function causeOf({ by, status, causes }: SipCallEnd): CallCause {
  const q850 = q850In(causes);
  const cause: CallCause = {
    reason: status === 0 ? (by === "failure" ? "failed" : "hangup") : (WORDS[status] ?? "failed"),
  };
  if (status >= 100 && status <= 699) cause.sip = status;
  if (q850 !== undefined) cause.q850 = q850;
  return cause;
}
