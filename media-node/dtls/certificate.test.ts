import { X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCertificate, fingerprintOf, matchesFingerprint, publicKeyOf } from "./certificate.ts";

const unixTime = Date.UTC(2026, 10, 25);

describe("createCertificate", () => {
  it("makes a self-signed P-256 certificate that X.509 parsers read", () => {
    const { der, fingerprint, expiresAt } = createCertificate({ unixTime });
    const parsed = new X509Certificate(der);
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.publicKey.asymmetricKeyType).toBe("ec");
    expect(parsed.subject).toContain("CN=WebRTC");
    expect(Date.parse(parsed.validFrom)).toBe(unixTime - 86_400_000);
    expect(Date.parse(parsed.validTo)).toBe(expiresAt);
    expect(expiresAt).toBe(unixTime + 30 * 86_400_000);
    expect(fingerprint).toEqual({ algorithm: "sha-256", value: parsed.fingerprint256 });
  });

  it("gives every certificate its own positive serial number", () => {
    const serials = Array.from(
      { length: 20 },
      () => new X509Certificate(createCertificate({ unixTime }).der).serialNumber,
    );
    expect(new Set(serials).size).toBe(20);
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/);
  });
});

describe("fingerprints", () => {
  const { der } = createCertificate({ unixTime });

  it("match in either case and in every algorithm of the SDP", () => {
    for (const algorithm of ["sha-256", "sha-384", "sha-512"] as const) {
      const { value } = fingerprintOf(der, algorithm);
      expect(value).toMatch(/^([0-9A-F]{2}:)+[0-9A-F]{2}$/);
      expect(matchesFingerprint(der, { algorithm, value })).toBe(true);
      expect(matchesFingerprint(der, { algorithm, value: value.toLowerCase() })).toBe(true);
    }
  });

  it("differ when one bit of the certificate does", () => {
    const { algorithm, value } = fingerprintOf(der, "sha-256");
    const altered = new Uint8Array(der);
    altered[100]! ^= 1;
    expect(matchesFingerprint(altered, { algorithm, value })).toBe(false);
  });
});

describe("publicKeyOf", () => {
  it("is undefined for bytes that are no certificate", () => {
    const { der } = createCertificate({ unixTime });
    expect(publicKeyOf(der)?.type).toBe("public");
    expect(publicKeyOf(new Uint8Array(300))).toBeUndefined();
    expect(publicKeyOf(der.subarray(0, 200))).toBeUndefined();
  });
});
