import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from "node:crypto";
import { bitString, explicit, objectIdentifier, sequence, set, unsigned, utcTime, utf8String } from "./der.ts";

export type FingerprintAlgorithm = "sha-256" | "sha-384" | "sha-512";

/** A certificate's hash as `a=fingerprint` carries it (RFC 8122 §5): `value` is hex in pairs joined by colons. */
export interface Fingerprint {
  readonly algorithm: FingerprintAlgorithm;
  readonly value: string;
}

/** What an endpoint shows and signs with. */
export interface DtlsIdentity {
  readonly der: Uint8Array;
  /** Certificates that vouch for it, each for the one before. */
  readonly chain?: readonly Uint8Array[];
  /** ECDSA P-256. */
  readonly privateKey: KeyObject;
}

export interface DtlsCertificate extends DtlsIdentity {
  /** SHA-256, upper case, for the answer. */
  readonly fingerprint: Fingerprint;
  /** Ms since 1970. */
  readonly expiresAt: number;
}

const DAY = 86_400_000;
const HASHES: Record<FingerprintAlgorithm, string> = { "sha-256": "sha256", "sha-384": "sha384", "sha-512": "sha512" };
const ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
const COMMON_NAME = "2.5.4.3";

/**
 * Makes a self-signed ECDSA P-256 certificate (RFC 8827 §6.5). One per process is enough: its identity is vouched for
 * by the SDP alone.
 * @param unixTime ms since 1970; the certificate is valid from a day before, for clocks that are behind.
 */
export function createCertificate({ unixTime, days = 30 }: { unixTime: number; days?: number }): DtlsCertificate {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const expiresAt = unixTime + days * DAY;
  const algorithm = sequence(objectIdentifier(ECDSA_WITH_SHA256));
  const name = sequence(set(sequence(objectIdentifier(COMMON_NAME), utf8String("WebRTC"))));
  const serial = randomBytes(16);
  // Positive and without a leading zero byte, whatever the dice say (RFC 5280 §4.1.2.2).
  serial[0] = (serial[0]! & 0x7f) | 0x40;
  const toBeSigned = sequence(
    explicit(0, unsigned(Uint8Array.of(2))),
    unsigned(serial),
    algorithm,
    name,
    sequence(utcTime(unixTime - DAY), utcTime(expiresAt)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const der = sequence(toBeSigned, algorithm, bitString(sign("sha256", toBeSigned, privateKey)));
  return { der, privateKey, fingerprint: fingerprintOf(der, "sha-256"), expiresAt };
}

/** Hash of a certificate's DER bytes, in upper-case hex with colons. */
export function fingerprintOf(der: Uint8Array, algorithm: FingerprintAlgorithm): Fingerprint {
  const hex = createHash(HASHES[algorithm]).update(der).digest("hex").toUpperCase();
  return { algorithm, value: hex.match(/../g)!.join(":") };
}

/** Whether `der` is the certificate that the SDP announced; case doesn't matter. */
export function matchesFingerprint(der: Uint8Array, expected: Fingerprint): boolean {
  return fingerprintOf(der, expected.algorithm).value === expected.value.toUpperCase();
}

/** The public key of a certificate, or undefined when the bytes are no certificate or hold no usable key. */
export function publicKeyOf(der: Uint8Array): KeyObject | undefined {
  try {
    return new X509Certificate(der).publicKey;
  } catch {
    return undefined;
  }
}
