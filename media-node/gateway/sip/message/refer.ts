/**
 * What transfers and reliable provisional responses write of other messages: Replaces (RFC 3891), Refer-To (RFC 3515), RAck and
 * RSeq (RFC 3262), and message/sipfrag (RFC 3420).
 * @module
 */
import { hasToken, header, headerList, type SipHeaders } from "./headers.ts";
import { parseNameAddress } from "./name-address.ts";
import { isToken, parseInteger, parseParameters } from "./syntax.ts";
import { resolveEscapes, type SipUri } from "./uri.ts";

/** A dialog, as somebody names it to one of its ends: `toTag` is that end's own. */
export interface Replaces {
  readonly callId: string;
  readonly toTag: string;
  readonly fromTag: string;
  /** Only one that isn't answered yet is meant. */
  readonly isEarlyOnly: boolean;
}

const CALL_ID = /^[A-Za-z0-9\-.!%*_+`'~()<>:\\"/[\]?{}@]{1,256}$/;

const isTag = (text: string): boolean => text.length <= 256 && isToken(text);

/** Reads the value of a Replaces field; undefined if it isn't well-formed. */
export function parseReplaces(value: string): Replaces | undefined {
  const semicolon = value.indexOf(";");
  const callId = value.slice(0, Math.max(0, semicolon)).trim();
  const parameters = parseParameters(semicolon < 0 ? "" : value.slice(semicolon));
  const toTag = parameters?.get("to-tag") ?? "";
  const fromTag = parameters?.get("from-tag") ?? "";
  if (!parameters || !CALL_ID.test(callId) || !isTag(toTag) || !isTag(fromTag)) return undefined;
  return { callId, toTag, fromTag, isEarlyOnly: parameters.has("early-only") };
}

export function formatReplaces({ callId, toTag, fromTag, isEarlyOnly }: Replaces): string {
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${isEarlyOnly ? ";early-only" : ""}`;
}

/** Whom a REFER asks to call. */
export interface ReferTo {
  readonly uri: SipUri;
  /** The call that the new one is to take the place of. */
  readonly replaces: Replaces | undefined;
}

/** Reads Refer-To; undefined where it asks for anything but a call, or can't be read. */
export function readReferTo(headers: SipHeaders): ReferTo | undefined {
  const [value, ...others] = headers.get("refer-to") ?? [];
  const uri = value === undefined || others.length > 0 ? undefined : parseNameAddress(value)?.uri;
  if (!uri || !["sip", "sips", "tel"].includes(uri.scheme)) return undefined;
  if ((uri.parameters.get("method") ?? "INVITE").toUpperCase() !== "INVITE") return undefined;
  const named = uri.headers
    .split("&")
    .filter(field => /^replaces=/i.test(field))
    .map(field => parseReplaces(resolveEscapes(field.slice("replaces=".length))));
  if (named.length > 1 || (named.length === 1 && !named[0])) return undefined;
  return { uri, replaces: named[0] };
}

/** A Refer-To whose call takes the place of another one. */
export function formatReferTo(target: string, replaces: Replaces | undefined): string {
  return replaces ? `<${target}?Replaces=${encodeURIComponent(formatReplaces(replaces))}>` : `<${target}>`;
}

/** The number of a reliable provisional response; undefined if it isn't one. */
export function readReliableNumber(headers: SipHeaders): number | undefined {
  return hasToken(headers, "require", "100rel")
    ? parseInteger(header(headers, "rseq")?.trim() ?? "", 0xffff_ffff)
    : undefined;
}

/** What a PRACK acknowledges. */
export interface RAck {
  readonly number: number;
  readonly cseq: number;
  readonly method: string;
}

export function readRAck(headers: SipHeaders): RAck | undefined {
  const match = /^\s*(\d{1,10})\s+(\d{1,10})\s+(\S{1,32})\s*$/.exec(header(headers, "rack") ?? "");
  return match ? { number: Number(match[1]), cseq: Number(match[2]), method: match[3]! } : undefined;
}

/** The status in a message/sipfrag body; undefined where there is none. */
export function readFragment(body: Uint8Array): number | undefined {
  const line = Buffer.from(body.subarray(0, 64)).toString("latin1");
  const status = /^\s*SIP\/2\.0 ([1-6]\d\d)(?:\s|$)/i.exec(line)?.[1];
  return status === undefined ? undefined : Number(status);
}

/** Event's package, in lower case, and its id. */
export function readEvent(headers: SipHeaders): { readonly name: string; readonly id: string | undefined } {
  const [name = "", ...rest] = (headerList(headers, "event")?.[0] ?? "").split(";");
  const parameters = parseParameters(rest.length === 0 ? "" : `;${rest.join(";")}`);
  return { name: name.trim().toLowerCase(), id: parameters?.get("id") };
}
