/**
 * Making tokens. They are signed where your secret is: nothing is asked of the edge.
 * @module
 */
import { importJWK, importPKCS8, type JWK, SignJWT } from "jose";
import * as v from "valibot";
import { TandemError } from "../protocol/errors.ts";
import { type Grants, MEMBER_GRANTS } from "../protocol/grants.ts";
import { LIMITS, TIMES } from "../protocol/limits.ts";
import { type ApiClaims, JoinClaims, profileFits } from "../protocol/tokens.ts";

/**
 * An API key of the deployment, under its name in the edge's `API_KEYS`: an HS256 secret, or the private half of an Ed25519
 * key (JWK, or PEM in PKCS #8) of which the edge knows the public half.
 */
export type ApiKey =
  | { readonly name: string; readonly secret: string }
  | { readonly name: string; readonly privateKey: JWK | string };

export interface TokenOptions {
  /** Room id: `name`, or `jurisdiction.name`. */
  readonly room: string;
  /** Who it is to your application, the same at every join: 1 to 128 printable ASCII characters. */
  readonly identity: string;
  /** Shown name. */
  readonly name?: string;
  /** Anything, for the other participants to read; with the attributes at most 4 KiB. */
  readonly metadata?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** Default: those of an ordinary member, and `create`, which makes the room if it is missing. */
  readonly grants?: Grants;
  /** Seconds until it must be used; default 600, at most a day. It counts on joining only. */
  readonly ttl?: number;
}

const DEFAULT_TTL = 600;
const LONGEST_TTL = TIMES.tokenMax / 1_000;

async function signerOf(key: ApiKey): Promise<{ alg: string; key: Uint8Array | CryptoKey }> {
  if ("secret" in key) return { alg: "HS256", key: new TextEncoder().encode(key.secret) };
  const { privateKey } = key;
  if (typeof privateKey === "string") return { alg: "EdDSA", key: await importPKCS8(privateKey, "EdDSA") };
  return { alg: "EdDSA", key: await importJWK(privateKey, "EdDSA") };
}

async function sign(key: ApiKey, claims: JoinClaims | Omit<ApiClaims, "sub">): Promise<string> {
  const signer = await signerOf(key);
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: signer.alg, kid: key.name }).sign(signer.key);
}

function dated(ttl: number): { iat: number; exp: number } {
  if (!Number.isInteger(ttl) || ttl < 1 || ttl > LONGEST_TTL) {
    throw new TandemError("bad-request", `ttl: 1 to ${LONGEST_TTL} seconds`);
  }
  const iat = Math.floor(Date.now() / 1_000);
  return { iat, exp: iat + ttl };
}

/**
 * A join token for one participant.
 * @throws TandemError `bad-request`, naming the option that is wrong
 * @example
 * ```ts
 * const token = await createToken(
 *   { name: "main", secret: process.env.TANDEM_SECRET },
 *   { room: "standup", identity: user.id, name: user.name },
 * );
 * ```
 */
export async function createToken(key: ApiKey, options: TokenOptions): Promise<string> {
  const { identity, ttl = DEFAULT_TTL, grants = { ...MEMBER_GRANTS, create: true }, ...rest } = options;
  const parsed = v.safeParse(JoinClaims, { ...rest, ...dated(ttl), aud: "join", sub: identity, grants });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw new TandemError("bad-request", `${v.getDotPath(issue)?.replace(/^sub$/, "identity")}: ${issue.message}`);
  }
  if (!profileFits(rest.metadata, rest.attributes)) {
    throw new TandemError("bad-request", `metadata and attributes: at most ${LIMITS.profileBytes} bytes together`);
  }
  return sign(key, parsed.output);
}

/** A token for the REST API, good for `ttl` seconds. {@link createClient} makes its own. */
export const createApiToken = async (key: ApiKey, ttl: number = DEFAULT_TTL): Promise<string> =>
  sign(key, { ...dated(ttl), aud: "api" });
