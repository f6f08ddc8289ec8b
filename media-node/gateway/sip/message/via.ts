import { formatParameters, parseInteger, parseParameters, type SipParameters } from "./syntax.ts";
import { formatHostPort } from "./uri.ts";

/** One hop that a request came through (RFC 3261 §20.42). */
export interface SipVia {
  /** In upper case: `UDP`, `TCP`, `TLS`, `WS`, `WSS`, or whatever else there may be. */
  readonly transport: string;
  /** What the sender says it is; IPv6 without brackets. */
  readonly host: string;
  /** 0 if none is given. */
  readonly port: number;
  readonly parameters: SipParameters;
}

const VIA =
  /^\s*SIP\s*\/\s*\d{1,3}\.\d{1,3}\s*\/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+([A-Za-z0-9\-_.]+|\[[0-9A-Fa-f:.]+\])\s*(?::\s*(\d+)\s*)?(;.*)?$/is;

/** Begins every branch that is unique (RFC 3261 §8.1.1.7). */
export const BRANCH_COOKIE = "z9hG4bK";

/** Reads one value; undefined if it isn't well-formed. */
export function parseVia(value: string): SipVia | undefined {
  const match = VIA.exec(value);
  if (!match) return undefined;
  const [, transport, host, digits, rest = ""] = match;
  const port = digits === undefined ? 0 : parseInteger(digits, 65_535);
  const parameters = parseParameters(rest);
  if (port === undefined || !parameters) return undefined;
  const name = host!.startsWith("[") ? host!.slice(1, -1) : host!;
  return { transport: transport!.toUpperCase(), host: name.toLowerCase(), port, parameters };
}

export function formatVia({ transport, host, port, parameters }: SipVia): string {
  return `SIP/2.0/${transport} ${formatHostPort(host, port)}${formatParameters(parameters)}`;
}

/**
 * Notes where a request really came from in its topmost Via (RFC 3261 §18.2.1, RFC 3581 §4): `received` where that isn't
 * what the Via says or where the client asked for `rport`, and `rport` itself.
 */
export function stampVia(via: SipVia, address: string, port: number): SipVia {
  const wantsPort = via.parameters.has("rport");
  const parameters = new Map(via.parameters);
  if (wantsPort) parameters.set("rport", String(port));
  if (wantsPort || via.host !== address) parameters.set("received", address);
  else parameters.delete("received");
  return { ...via, parameters };
}
