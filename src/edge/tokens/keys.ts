/**
 * Keys that sign tokens for us: `API_KEYS` of back ends, `NODE_KEYS` of media nodes. Each is one JSON secret, name → key. A key is
 * an HS256 secret of at least 32 bytes, or an Ed25519 public key (JWK, or PEM) whose private half stays with the signer. A key
 * has one algorithm, and the name is the `kid`.
 * @module
 */
import { importJWK, importSPKI } from "jose";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { secretOf } from "../settings.ts";

/** A secret that holds keys. */
export type Keyring = "API_KEYS" | "NODE_KEYS";

export interface SigningKey {
  readonly name: string;
  readonly algorithm: "HS256" | "EdDSA";
  readonly key: CryptoKey;
}

const PublicJwk = v.object({ kty: v.literal("OKP"), crv: v.literal("Ed25519"), x: v.string() });
const Keys = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.union([v.string(), PublicJwk])));
const SECRET_BYTES = 32;

async function importKey(
  ring: Keyring,
  name: string,
  value: string | v.InferOutput<typeof PublicJwk>,
): Promise<SigningKey> {
  if (typeof value !== "string") {
    return { name, algorithm: "EdDSA", key: (await importJWK(value, "EdDSA")) as CryptoKey };
  }
  if (value.startsWith("-----BEGIN PUBLIC KEY-----")) {
    return { name, algorithm: "EdDSA", key: await importSPKI(value, "EdDSA") };
  }
  const bytes = new TextEncoder().encode(value);
  if (bytes.byteLength < SECRET_BYTES) {
    throw new TandemError("bad-setting", `${ring}: ${name} is shorter than ${SECRET_BYTES} bytes`);
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return {
    name,
    algorithm: "HS256",
    key: await crypto.subtle.importKey("raw", bytes, hmac, false, ["sign", "verify"]),
  };
}

async function importAll(ring: Keyring, source: string): Promise<ReadonlyMap<string, SigningKey>> {
  const parsed = v.safeParse(Keys, source);
  if (!parsed.success) {
    throw new TandemError(
      "bad-setting",
      `${ring}: not a JSON object of names and HS256 secrets or Ed25519 public keys`,
    );
  }
  const keys = new Map<string, SigningKey>();
  for (const [name, value] of Object.entries(parsed.output)) {
    try {
      keys.set(name, await importKey(ring, name, value));
    } catch (error) {
      if (error instanceof TandemError) throw error;
      throw new TandemError("bad-setting", `${ring}: ${name} is no usable public key`);
    }
  }
  return keys;
}

const imported = new Map<Keyring, { source: string; keys: Promise<ReadonlyMap<string, SigningKey>> }>();

/**
 * The keys of a ring, by name.
 * @throws TandemError `missing-secret` or `bad-setting`
 */
export function keysOf(env: Cloudflare.Env, ring: Keyring): Promise<ReadonlyMap<string, SigningKey>> {
  const source = secretOf(env, ring);
  const before = imported.get(ring);
  if (before?.source === source) return before.keys;
  const keys = importAll(ring, source);
  imported.set(ring, { source, keys });
  return keys;
}

/**
 * The key that this deployment signs with when it mints tokens itself: the first one with a secret.
 * @throws TandemError `missing-secret` if there are public keys only
 */
export async function signingKey(env: Cloudflare.Env): Promise<SigningKey> {
  for (const key of (await keysOf(env, "API_KEYS")).values()) if (key.algorithm === "HS256") return key;
  throw new TandemError("missing-secret", "API_KEYS: an HS256 key, to mint tokens with");
}
