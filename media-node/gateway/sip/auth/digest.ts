import { createHash } from "node:crypto";
import { splitOutside, unquote } from "../message/syntax.ts";

/** RFC 8760; in the order of preference. */
export const DIGEST_ALGORITHMS = ["SHA-256", "MD5"] as const;
export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number];

/** The algorithm that a parameter names (RFC 7616 §3.3: MD5 where there is none); undefined if it isn't one of ours. */
export function digestAlgorithm(name: string | undefined): DigestAlgorithm | undefined {
  if (name === undefined) return "MD5";
  return DIGEST_ALGORITHMS.find(algorithm => algorithm === name.toUpperCase());
}

const PARAMETER = /^([A-Za-z0-9\-.!%*_+`'~]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^\s",]+)$/s;
const SCHEME = /^digest\s+/i;

/**
 * Reads a challenge or credentials (RFC 3261 §20.44, §20.7): names in lower case, values unquoted.
 * @returns undefined if the scheme isn't Digest or a parameter comes twice
 */
export function parseDigest(value: string): ReadonlyMap<string, string> | undefined {
  const scheme = SCHEME.exec(value);
  const parts = scheme ? splitOutside(value.slice(scheme[0].length), ",") : undefined;
  if (!parts) return undefined;
  const parameters = new Map<string, string>();
  for (const part of parts) {
    const match = PARAMETER.exec(part);
    const name = match?.[1]?.toLowerCase();
    if (!match || name === undefined || parameters.has(name)) return undefined;
    parameters.set(name, unquote(match[2]!));
  }
  return parameters;
}

export interface DigestInput {
  readonly algorithm: DigestAlgorithm;
  readonly username: string;
  readonly realm: string;
  readonly password: string;
  readonly method: string;
  readonly uri: string;
  readonly nonce: string;
  /** Undefined: computed as RFC 2069 did, for servers that offer no qop. */
  readonly auth?: { readonly nc: string; readonly cnonce: string } | undefined;
}

/** The `response` parameter (RFC 7616 §3.4.1). Texts are byte strings. */
export function digestResponse(input: DigestInput): string {
  const { algorithm, username, realm, password, method, uri, nonce, auth } = input;
  const hash = (text: string): string =>
    createHash(algorithm === "MD5" ? "md5" : "sha256")
      .update(text, "latin1")
      .digest("hex");
  const secret = hash(`${username}:${realm}:${password}`);
  const request = hash(`${method}:${uri}`);
  if (!auth) return hash(`${secret}:${nonce}:${request}`);
  return hash(`${secret}:${nonce}:${auth.nc}:${auth.cnonce}:auth:${request}`);
}
