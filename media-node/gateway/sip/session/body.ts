import { hasToken, header, headerList, type SipHeaders } from "../message/headers.ts";
import type { SipRequest } from "../message/message.ts";
import type { ResponseOptions } from "../message/respond.ts";

export const SDP_TYPE = "application/sdp";

/** The media type that a message says its body has, in lower case, without parameters. */
export function contentType(headers: SipHeaders): string {
  return (header(headers, "content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
}

/** The description in a message's body, undefined if there is none. */
export function descriptionIn(message: {
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}): string | undefined {
  const { headers, body } = message;
  if (body.length === 0 || contentType(headers) !== SDP_TYPE) return undefined;
  return Buffer.from(body).toString("utf8");
}

/** The fields and the body that carry a description. */
export function describe(sdp: string): { headers: Record<string, string>; body: Uint8Array } {
  return { headers: { "content-type": SDP_TYPE }, body: Buffer.from(sdp, "utf8") };
}

export interface Refusal extends ResponseOptions {
  readonly status: number;
}

/** Why a request that may carry a description can't be taken as to its body (RFC 3261 §8.2.3, §20.1); undefined: it can. */
export function refuseBody({ headers, body }: SipRequest): Refusal | undefined {
  if (body.length > 0) {
    const encodings = headerList(headers, "content-encoding") ?? [];
    if (encodings.some(encoding => encoding.toLowerCase() !== "identity")) {
      return { status: 415, headers: { "accept-encoding": "identity" } };
    }
    if (contentType(headers) !== SDP_TYPE) return { status: 415, headers: { accept: SDP_TYPE } };
  }
  const accepted = headerList(headers, "accept");
  if (!accepted || accepted.length === 0) return undefined;
  const fits = accepted.some(range => /^(\*\/\*|application\/(\*|sdp))\s*(;|$)/i.test(range));
  return fits ? undefined : { status: 406, headers: { accept: SDP_TYPE } };
}

/** Option tags that we know (RFC 3261 §19.2). */
const SUPPORTED = ["timer", "100rel", "replaces", "norefersub"];
export const SUPPORTED_OPTIONS = SUPPORTED.join(", ");
/** The methods that we answer; nothing is named here that isn't meant. */
export const ALLOWED_METHODS = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK, REFER, NOTIFY";

/** The refusal of a request that requires what we don't know (RFC 3261 §8.2.2.3). */
export function refuseExtensions(headers: SipHeaders): Refusal | undefined {
  const required = headerList(headers, "require") ?? [];
  const unknown = required.filter(option => !SUPPORTED.includes(option.toLowerCase()));
  return unknown.length === 0 ? undefined : { status: 420, headers: { unsupported: unknown.join(", ") } };
}

const KNOWN_METHODS = [...ALLOWED_METHODS.split(", "), "MESSAGE", "PUBLISH", "REGISTER", "SUBSCRIBE"];

/** The refusal of a method that we don't serve (RFC 3261 §8.2.1, §21.5.2). */
export function refuseMethod(method: string): Refusal {
  return { status: KNOWN_METHODS.includes(method) ? 405 : 501, headers: { allow: ALLOWED_METHODS } };
}

/** Whether the peer takes UPDATE (RFC 3311 §4). */
export function allowsUpdate(headers: SipHeaders): boolean {
  return hasToken(headers, "allow", "UPDATE");
}
