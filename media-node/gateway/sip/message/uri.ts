import { parseAddress } from "../../../net/address.ts";

/** A `sip:`, `sips:` or `tel:` URI (RFC 3261 §19.1, RFC 3966), or one of another scheme, whose rest is then in `user`. */
export interface SipUri {
  /** In lower case. */
  readonly scheme: string;
  /** User part as written, with password and escapes; the number of a `tel:` URI; "" if there is none. */
  readonly user: string;
  /** In lower case, IPv6 without brackets; "" where the scheme has none. */
  readonly host: string;
  /** 0 if none is given. */
  readonly port: number;
  /** Names unescaped and in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
  /** What follows the question mark. */
  readonly headers: string;
}

const MAX_LENGTH = 4096;
const SIP =
  /^(sips?):(?:((?:[A-Za-z0-9\-_.!~*'()&=+$,;?/:#]|%[0-9A-Fa-f]{2})+)@)?([A-Za-z0-9\-_.]+|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?((?:;[^;?\s<>"@]+)*)(?:\?([^\s<>"@]*))?$/i;
const TEL = /^tel:([+0-9A-Fa-f*#\-.()]+)((?:;[^;?\s<>"@]+)*)$/i;
const OTHER = /^([A-Za-z][A-Za-z0-9+\-.]*):([^\s<>"]+)$/;
const NONE: ReadonlyMap<string, string> = new Map();

/** Resolves escapes; what isn't one stays. */
export function resolveEscapes(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function parseUriParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(";")) {
    if (part === "") continue;
    const equals = part.indexOf("=");
    const name = resolveEscapes(equals < 0 ? part : part.slice(0, equals)).toLowerCase();
    if (!parameters.has(name)) parameters.set(name, equals < 0 ? "" : part.slice(equals + 1));
  }
  return parameters;
}

/** Reads a URI without the brackets around it; undefined if it is none. */
export function parseUri(text: string): SipUri | undefined {
  if (text.length > MAX_LENGTH) return undefined;
  const sip = SIP.exec(text);
  if (sip) {
    const [, scheme, user = "", written, digits, parameters, headers = ""] = sip;
    const isIpv6 = written!.startsWith("[");
    const host = (isIpv6 ? written!.slice(1, -1) : written!).toLowerCase();
    if (isIpv6 && !parseAddress(host)) return undefined;
    const port = digits === undefined ? 0 : Number(digits);
    if (digits !== undefined && (port === 0 || port > 65_535)) return undefined;
    return { scheme: scheme!.toLowerCase(), user, host, port, parameters: parseUriParameters(parameters!), headers };
  }
  const tel = TEL.exec(text);
  if (tel) {
    return {
      scheme: "tel",
      user: tel[1]!,
      host: "",
      port: 0,
      parameters: parseUriParameters(tel[2]!),
      headers: "",
    };
  }
  const other = OTHER.exec(text);
  const scheme = other?.[1]?.toLowerCase();
  if (!other || scheme === undefined || scheme === "sip" || scheme === "sips" || scheme === "tel") return undefined;
  return { scheme, user: other[2]!, host: "", port: 0, parameters: NONE, headers: "" };
}

/** Host, and port if there is one, as URIs and Via write them: IPv6 in brackets. */
export function formatHostPort(host: string, port: number): string {
  const name = host.includes(":") ? `[${host}]` : host;
  return port === 0 ? name : `${name}:${port}`;
}

/** The user part without password and escapes: the number or name that was dialled. */
export function userOf(uri: SipUri): string {
  const colon = uri.scheme === "tel" ? -1 : uri.user.indexOf(":");
  return resolveEscapes(colon < 0 ? uri.user : uri.user.slice(0, colon));
}

/** Parameters that make a difference even where only one of two URIs has them (RFC 3261 §19.1.4). */
const DECISIVE = ["user", "ttl", "method", "maddr"];

/** Whether two URIs mean the same (RFC 3261 §19.1.4); of others than `sip:` and `sips:` the spelling counts. */
export function isSameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme || a.host !== b.host || a.port !== b.port) return false;
  if (resolveEscapes(a.user) !== resolveEscapes(b.user) || a.headers !== b.headers) return false;
  for (const name of DECISIVE) if (a.parameters.has(name) !== b.parameters.has(name)) return false;
  for (const [name, value] of a.parameters) {
    const other = b.parameters.get(name);
    if (other !== undefined && resolveEscapes(other).toLowerCase() !== resolveEscapes(value).toLowerCase())
      return false;
  }
  return true;
}
