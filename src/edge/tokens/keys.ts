/**
 * The API keys: `API_KEYS` is one JSON secret, name → key. A key is an HS256 secret of at least 32 bytes, or an Ed25519
 * public key (JWK, or PEM) whose private half stays with the back end. A key has one algorithm, and the name is the `kid`.
 * @module
 */
import { importJWK, importSPKI } from "jose";
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { secretOf } from "../settings.ts";

export interface ApiKey {
  readonly name: string;
  readonly algorithm: "HS256" | "EdDSA";
  readonly key: CryptoKey;
}

const PublicJwk = v.object({ kty: v.literal("OKP"), crv: v.literal("Ed25519"), x: v.string() });
const ApiKeys = v.pipe(v.string(), v.parseJson(), v.record(v.string(), v.union([v.string(), PublicJwk])));
const SECRET_BYTES = 32;

async function importKey(name: string, value: string | v.InferOutput<typeof PublicJwk>): Promise<ApiKey> {
  if (typeof value !== "string") {
    return { name, algorithm: "EdDSA", key: (await importJWK(value, "EdDSA")) as CryptoKey };
  }
  if (value.startsWith("-----BEGIN PUBLIC KEY-----")) {
    return { name, algorithm: "EdDSA", key: await importSPKI(value, "EdDSA") };
  }
  const bytes = new TextEncoder().encode(value);
  if (bytes.byteLength < SECRET_BYTES) {
    throw new TandemError("bad-setting", `API_KEYS: ${name} is shorter than ${SECRET_BYTES} bytes`);
  }
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return {
    name,
    algorithm: "HS256",
    key: await crypto.subtle.importKey("raw", bytes, hmac, false, ["sign", "verify"]),
  };
}

async function importAll(source: string): Promise<ReadonlyMap<string, ApiKey>> {
  const parsed = v.safeParse(ApiKeys, source);
  if (!parsed.success) {
    throw new TandemError(
      "bad-setting",
      "API_KEYS: not a JSON object of names and HS256 secrets or Ed25519 public keys",
    );
  }
  const keys = new Map<string, ApiKey>();
  for (const [name, value] of Object.entries(parsed.output)) {
    try {
      keys.set(name, await importKey(name, value));
    } catch (error) {
      if (error instanceof TandemError) throw error;
      throw new TandemError("bad-setting", `API_KEYS: ${name} is no usable public key`);
    }
  }
  return keys;
}

let imported: { source: string; keys: Promise<ReadonlyMap<string, ApiKey>> } | undefined;

/**
 * The keys by name.
 * @throws TandemError `missing-secret` or `bad-setting`
 */
export function apiKeys(env: Cloudflare.Env): Promise<ReadonlyMap<string, ApiKey>> {
  const source = secretOf(env, "API_KEYS");
  if (imported?.source !== source) imported = { source, keys: importAll(source) };
  return imported.keys;
}

/**
 * The key that this deployment signs with when it mints tokens itself: the first one with a secret.
 * @throws TandemError `missing-secret` if there are public keys only
 */
export async function signingKey(env: Cloudflare.Env): Promise<ApiKey> {
  for (const key of (await apiKeys(env)).values()) if (key.algorithm === "HS256") return key;
  throw new TandemError("missing-secret", "API_KEYS: an HS256 key, to mint tokens with");
}
