import { constants, type KeyObject, verify } from "node:crypto";

interface Scheme {
  readonly hash: string;
  readonly keyType: "ec" | "rsa";
  readonly pss?: true;
}

/** Signature schemes accepted from a client's certificate, best first (RFC 8446 §4.2.3 names; no SHA-1). */
const SCHEMES = new Map<number, Scheme>([
  [0x0403, { hash: "sha256", keyType: "ec" }],
  [0x0503, { hash: "sha384", keyType: "ec" }],
  [0x0804, { hash: "sha256", keyType: "rsa", pss: true }],
  [0x0401, { hash: "sha256", keyType: "rsa" }],
  [0x0501, { hash: "sha384", keyType: "rsa" }],
]);

export const SIGNATURE_SCHEMES: readonly number[] = [...SCHEMES.keys()];

/** Whether a key is of a kind and size that we verify with: any EC key that parsed, RSA of 2048 to 4096 bits. */
export function isAcceptableKey(key: KeyObject): boolean {
  if (key.asymmetricKeyType === "ec") return true;
  if (key.asymmetricKeyType !== "rsa") return false;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  // A huge public exponent would make verifying as dear as signing.
  return modulusLength >= 2048 && modulusLength <= 4096 && publicExponent > 1n && publicExponent < 1n << 33n;
}

/** Verifies a TLS 1.2 signature over `data`. False for an unknown scheme, a key of another kind, or a wrong signature. */
export function verifySignature(scheme: number, key: KeyObject, data: Uint8Array, signature: Uint8Array): boolean {
  const known = SCHEMES.get(scheme);
  if (known === undefined || known.keyType !== key.asymmetricKeyType) return false;
  try {
    if (!known.pss) return verify(known.hash, data, key, signature);
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
    return verify(known.hash, data, { key, padding, saltLength }, signature);
  } catch {
    return false;
  }
}
