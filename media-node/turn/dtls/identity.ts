import { createPrivateKey, X509Certificate } from "node:crypto";
import type { DtlsIdentity } from "../../dtls/certificate.ts";

const BLOCK = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/**
 * Reads what DTLS clients are shown from the files that TLS uses.
 * @param cert certificate chain, PEM
 * @param key its private key, PEM
 * @throws Error with a sentence when the two don't fit, or the key is no ECDSA P-256 key
 */
export function readDtlsIdentity(cert: string, key: string): DtlsIdentity {
  const [der, ...chain] = [...cert.matchAll(BLOCK)].map(([, base64]) => Buffer.from(base64!, "base64"));
  const privateKey = createPrivateKey(key);
  if (!der || !new X509Certificate(der).checkPrivateKey(privateKey)) throw new Error("--pkey is not the key of --cert");
  if (privateKey.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new Error("--dtls needs a certificate with an ECDSA P-256 key");
  return { der, chain, privateKey };
}
