import { splitOutside } from "./syntax.ts";

/** Header fields by their long name in lower case; each value as one line of the message had it, unfolded. */
export type SipHeaders = Map<string, string[]>;

const COMPACT: Readonly<Record<string, string>> = {
  a: "accept-contact",
  b: "referred-by",
  c: "content-type",
  d: "request-disposition",
  e: "content-encoding",
  f: "from",
  i: "call-id",
  j: "reject-contact",
  k: "supported",
  l: "content-length",
  m: "contact",
  o: "event",
  r: "refer-to",
  s: "subject",
  t: "to",
  u: "allow-events",
  v: "via",
  x: "session-expires",
};

const SPELLED: Readonly<Record<string, string>> = {
  "call-id": "Call-ID",
  cseq: "CSeq",
  "min-se": "Min-SE",
  rack: "RAck",
  rseq: "RSeq",
  "www-authenticate": "WWW-Authenticate",
};

/** The key of a name as a message spells it: compact forms (RFC 3261 §7.3.3) become long ones. */
export function headerKey(name: string): string {
  const lower = name.toLowerCase();
  return COMPACT[lower] ?? lower;
}

/** A key as it is usually spelled. */
export function headerName(key: string): string {
  return SPELLED[key] ?? key.replace(/(^|-)([a-z])/g, (_, dash: string, letter: string) => dash + letter.toUpperCase());
}

/** The first value of a header field. */
export function header(headers: SipHeaders, key: string): string | undefined {
  return headers.get(key)?.[0];
}

/** All values of a header field that is a list, over all its lines; undefined where a line can't be split. */
export function headerList(headers: SipHeaders, key: string): string[] | undefined {
  const values: string[] = [];
  for (const line of headers.get(key) ?? []) {
    if (line === "") continue;
    const parts = splitOutside(line, ",");
    if (!parts) return undefined;
    values.push(...parts);
  }
  return values;
}

/** Whether a list of tokens (Supported, Require, Allow) names one, whatever its case. */
export function hasToken(headers: SipHeaders, key: string, token: string): boolean {
  return headerList(headers, key)?.some(value => value.toLowerCase() === token.toLowerCase()) ?? false;
}
