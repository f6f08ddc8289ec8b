import { formatParameters, fromWire, parseParameters, quote, type SipParameters, toWire, unquote } from "./syntax.ts";
import { parseUri, type SipUri } from "./uri.ts";

/** What From, To, Contact, Route and their kin hold: a URI, perhaps with a name before and parameters behind it. */
export interface NameAddress {
  /** As people read it, "" if there is none. */
  readonly displayName: string;
  /** The URI as written, without brackets. */
  readonly text: string;
  readonly uri: SipUri;
  /** Of the header field, not of the URI. */
  readonly parameters: SipParameters;
}

const QUOTED_NAME = /^("(?:[^"\\]|\\.)*")\s*(?=<)/s;
const TOKEN_NAME = /^([A-Za-z0-9\-.!%*_+`'~\s]*)(?=<)/;
const BRACKETED = /^<([^<>]*)>/;

/** Reads one value (RFC 3261 §20.10); undefined if it isn't well-formed. */
export function parseNameAddress(value: string): NameAddress | undefined {
  const text = value.trim();
  const name = QUOTED_NAME.exec(text) ?? TOKEN_NAME.exec(text);
  if (name) {
    const rest = text.slice(name[0].length);
    const bracketed = BRACKETED.exec(rest);
    const uri = bracketed && parseUri(bracketed[1]!);
    const parameters = bracketed && parseParameters(rest.slice(bracketed[0].length));
    if (!uri || !parameters) return undefined;
    return { displayName: fromWire(unquote(name[1]!.trim())), text: bracketed[1]!, uri, parameters };
  }
  // Without brackets all parameters are the header field's, and a question mark is forbidden.
  const semicolon = text.indexOf(";");
  const bare = (semicolon < 0 ? text : text.slice(0, semicolon)).trim();
  const uri = bare.includes("?") ? undefined : parseUri(bare);
  const parameters = parseParameters(semicolon < 0 ? "" : text.slice(semicolon));
  return uri && parameters ? { displayName: "", text: bare, uri, parameters } : undefined;
}

/** What would end the line, or the message for some: people may call themselves anything. */
const UNSAFE = /[\r\n\0]/g;

/** Writes a value, always with brackets. */
export function formatNameAddress(address: Pick<NameAddress, "displayName" | "text" | "parameters">): string {
  const name = address.displayName === "" ? "" : `${quote(toWire(address.displayName.replace(UNSAFE, " ")))} `;
  return `${name}<${address.text}>${formatParameters(address.parameters)}`;
}
