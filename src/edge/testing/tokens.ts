/** Tokens of the tests' own API key, and whatever a forger would make. @module */
import { SignJWT } from "jose";
import { type Grants, HOST_GRANTS } from "../../protocol/grants.ts";
import { HS256_SECRET } from "./bindings.ts";

export interface TokenOptions {
  room: string;
  identity: string;
  grants?: Grants;
  aud?: string;
  kid?: string | undefined;
  secret?: string;
  /** Seconds from now. */
  issued?: number;
  lasts?: number;
  claims?: Record<string, unknown>;
}

const sign = (claims: Record<string, unknown>, kid: string | undefined, secret: string): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader(kid === undefined ? { alg: "HS256" } : { alg: "HS256", kid })
    .sign(new TextEncoder().encode(secret));

/** A join token; by default a host's. */
export function joinToken(options: TokenOptions): Promise<string> {
  const {
    room,
    identity,
    grants = HOST_GRANTS,
    aud = "join",
    secret = HS256_SECRET,
    issued = 0,
    lasts = 600,
  } = options;
  const iat = Math.floor(Date.now() / 1_000) + issued;
  const kid = "kid" in options ? options.kid : "test";
  return sign({ aud, sub: identity, room, grants, iat, exp: iat + lasts, ...options.claims }, kid, secret);
}

/** An API token. */
export function apiToken(claims: Record<string, unknown> = {}): Promise<string> {
  const iat = Math.floor(Date.now() / 1_000);
  return sign({ aud: "api", iat, exp: iat + 600, ...claims }, "test", HS256_SECRET);
}
