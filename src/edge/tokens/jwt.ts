/**
 * Verifying and minting JWTs.
 * @module
 */
import { decodeProtectedHeader, errors, jwtVerify, SignJWT } from "jose";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { TIMES } from "../../protocol/limits.ts";
import { ApiClaims, JoinClaims, NodeClaims } from "../../protocol/tokens.ts";
import { checkProfile } from "../rooms/profile.ts";
import { type Keyring, keysOf, type SigningKey, signingKey } from "./keys.ts";

/** How far a back end's clock may be ahead of ours, in seconds. */
const SKEW = 60;

const invalid = (detail: string): TandemError => new TandemError("token-invalid", detail);

/** Whether a token that was good once is still taken. */
type Expired = "refused" | "accepted";

async function keyOf(env: Cloudflare.Env, ring: Keyring, token: string): Promise<SigningKey> {
  const keys = await keysOf(env, ring);
  let kid: string | undefined;
  try {
    ({ kid } = decodeProtectedHeader(token));
  } catch {
    throw invalid("not a JWT");
  }
  if (kid === undefined) throw invalid("no kid in its header");
  const key = keys.get(kid);
  if (!key) throw invalid("its kid names no key of this deployment");
  return key;
}

async function payloadOf(
  token: string,
  { key, algorithm }: SigningKey,
  audience: string,
  expired: Expired,
): Promise<unknown> {
  try {
    const clockTolerance = expired === "accepted" ? Number.MAX_SAFE_INTEGER : 0;
    const { payload } = await jwtVerify(token, key, { algorithms: [algorithm], audience, clockTolerance });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new TandemError("token-expired");
    if (error instanceof errors.JWTClaimValidationFailed) throw invalid(`claim ${error.claim}`);
    if (error instanceof errors.JOSEAlgNotAllowed) throw invalid(`that key is for ${algorithm}`);
    if (error instanceof errors.JOSEError) throw invalid("signature");
    throw error;
  }
}

async function verify<T extends typeof JoinClaims | typeof ApiClaims | typeof NodeClaims>(
  env: Cloudflare.Env,
  ring: Keyring,
  token: string,
  schema: T,
  expired: Expired = "refused",
): Promise<{ claims: v.InferOutput<T>; key: SigningKey }> {
  const key = await keyOf(env, ring, token);
  const parsed = v.safeParse(schema, await payloadOf(token, key, schema.entries.aud.literal, expired));
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw invalid(`claim ${v.getDotPath(issue) ?? ""}: ${issue.message}`);
  }
  const claims: v.InferOutput<T> = parsed.output;
  const now = Math.floor(Date.now() / 1_000);
  if (claims.iat > now + SKEW) throw invalid("claim iat: in the future");
  if (claims.exp - claims.iat > TIMES.tokenMax / 1_000) throw invalid("claim exp: more than 24 h after iat");
  // A token from the future must not outlast a removal that comes before it.
  return { claims: { ...claims, iat: Math.min(claims.iat, now) }, key };
}

/**
 * The claims of a join token for `room`. Its `exp` counts on joining only: `expired` is for those who have joined with it.
 * @throws TandemError `token-invalid`, `token-expired`, `token-wrong-room` or `too-large`
 */
export async function verifyJoinToken(
  env: Cloudflare.Env,
  token: string,
  room: string,
  expired: Expired = "refused",
): Promise<JoinClaims> {
  const { claims } = await verify(env, "API_KEYS", token, JoinClaims, expired);
  if (claims.room !== room) throw new TandemError("token-wrong-room", `it is for ${claims.room}`);
  checkProfile(claims.metadata, claims.attributes ?? {});
  return claims;
}

/**
 * The name of the key that signed an API token.
 * @throws TandemError `token-invalid` or `token-expired`
 */
export async function verifyApiToken(env: Cloudflare.Env, token: string): Promise<string> {
  const { key } = await verify(env, "API_KEYS", token, ApiClaims);
  return key.name;
}

/**
 * The id of the media node that a node token speaks for: the name of its key, or that and a suffix, so that one key may serve
 * several nodes and speaks for no others.
 * @throws TandemError `token-invalid` or `token-expired`
 */
export async function verifyNodeToken(env: Cloudflare.Env, token: string): Promise<string> {
  const { claims, key } = await verify(env, "NODE_KEYS", token, NodeClaims);
  if (claims.sub !== key.name && !claims.sub.startsWith(`${key.name}-`)) throw invalid("claim sub: not of that key");
  return claims.sub;
}

/** A join token of this deployment's own, good for `seconds`. */
export async function mintJoinToken(
  env: Cloudflare.Env,
  { sub, ...claims }: Omit<JoinClaims, "iat" | "exp" | "aud">,
  seconds: number,
): Promise<{ token: string; expiresAt: number }> {
  const { name, key } = await signingKey(env);
  const iat = Math.floor(Date.now() / 1_000);
  const exp = iat + seconds;
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: "HS256", kid: name })
    .setSubject(sub)
    .setAudience("join")
    .setIssuedAt(iat)
    .setExpirationTime(exp)
    .sign(key);
  return { token, expiresAt: exp * 1_000 };
}
