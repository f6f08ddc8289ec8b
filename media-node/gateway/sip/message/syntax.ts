/**
 * The lexical rules that SIP's header fields share (RFC 3261 §25.1). Texts are byte strings (Latin-1): what is echoed goes
 * out as it came in, whatever it was meant to be.
 * @module
 */
const TOKEN = /^[A-Za-z0-9\-.!%*_+`'~]+$/;
const PARAMETER = /^\s*([A-Za-z0-9\-.!%*_+`'~]+)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s",;=<>]+)\s*)?$/s;
const QUOTED = /^"((?:[^"\\]|\\.)*)"$/s;

export function isToken(text: string): boolean {
  return TOKEN.test(text);
}

/**
 * Splits at a separator where it is neither inside quotes nor inside angle brackets.
 * @returns undefined where a quote or a bracket isn't closed
 */
export function splitOutside(text: string, separator: "," | ";"): string[] | undefined {
  const parts: string[] = [];
  let from = 0;
  let isQuoted = false;
  let isBracketed = false;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (isQuoted) {
      if (character === "\\") i++;
      else if (character === '"') isQuoted = false;
    } else if (character === '"' && !isBracketed) isQuoted = true;
    else if (character === "<") isBracketed = true;
    else if (character === ">") isBracketed = false;
    else if (character === separator && !isBracketed) {
      parts.push(text.slice(from, i).trim());
      from = i + 1;
    }
  }
  if (isQuoted || isBracketed) return undefined;
  parts.push(text.slice(from).trim());
  return parts;
}

/** Names in lower case, values as written: quoted ones keep their quotes. */
export type SipParameters = ReadonlyMap<string, string>;

/**
 * Reads `;name=value;name` (RFC 3261 §7.3.1); of a name that comes twice the first counts.
 * @param text empty, or beginning with a semicolon
 * @returns undefined if it isn't that
 */
export function parseParameters(text: string): SipParameters | undefined {
  const parameters = new Map<string, string>();
  const trimmed = text.trim();
  if (trimmed === "") return parameters;
  const parts = splitOutside(trimmed, ";");
  if (parts?.[0] !== "") return undefined;
  for (const part of parts.slice(1)) {
    const match = PARAMETER.exec(part);
    if (!match) return undefined;
    const name = match[1]!.toLowerCase();
    if (!parameters.has(name)) parameters.set(name, match[2] ?? "");
  }
  return parameters;
}

/** Writes parameters, each with its semicolon. */
export function formatParameters(parameters: SipParameters): string {
  let text = "";
  for (const [name, value] of parameters) text += value === "" ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** What a quoted string says; other texts as they are. */
export function unquote(text: string): string {
  const match = QUOTED.exec(text);
  return match ? match[1]!.replace(/\\(.)/gs, "$1") : text;
}

/** A quoted string (RFC 3261 §25.1). */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}

/** Reads an unsigned decimal of at most `limit`, leading zeros allowed; undefined if it isn't one. */
export function parseInteger(text: string, limit: number): number | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined;
  const value = Number(text);
  return value <= limit ? value : undefined;
}

/** The byte string of a text: its UTF-8 bytes as characters. */
export function toWire(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The text of a byte string; bytes that are no UTF-8 become replacement characters. */
export function fromWire(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
