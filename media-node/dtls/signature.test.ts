import { constants, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, it } from "vitest";
import { isAcceptableKey, verifySignature } from "./signature.ts";

const data = Buffer.from("handshake messages");
const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2_048 });

describe("verifySignature", () => {
  it("verifies ECDSA, RSA PKCS #1 and RSA-PSS", () => {
    const pss = { key: rsa.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    expect(verifySignature(0x0403, ec.publicKey, data, sign("sha256", data, ec.privateKey))).toBe(true);
    expect(verifySignature(0x0503, ec.publicKey, data, sign("sha384", data, ec.privateKey))).toBe(true);
    expect(verifySignature(0x0401, rsa.publicKey, data, sign("sha256", data, rsa.privateKey))).toBe(true);
    expect(verifySignature(0x0501, rsa.publicKey, data, sign("sha384", data, rsa.privateKey))).toBe(true);
    expect(verifySignature(0x0804, rsa.publicKey, data, sign("sha256", data, pss))).toBe(true);
  });

  it("refuses a wrong signature, another kind of key, SHA-1 and unknown schemes", () => {
    const signature = sign("sha256", data, ec.privateKey);
    expect(verifySignature(0x0403, ec.publicKey, Buffer.from("other"), signature)).toBe(false);
    expect(verifySignature(0x0403, ec.publicKey, data, signature.subarray(1))).toBe(false);
    expect(verifySignature(0x0403, ec.publicKey, data, new Uint8Array(0))).toBe(false);
    expect(verifySignature(0x0401, ec.publicKey, data, signature)).toBe(false);
    expect(verifySignature(0x0203, ec.publicKey, data, sign("sha1", data, ec.privateKey))).toBe(false);
    expect(verifySignature(0xffff, ec.publicKey, data, signature)).toBe(false);
  });
});

it("only EC keys and RSA keys of 2048 to 4096 bits are acceptable", () => {
  expect(isAcceptableKey(ec.publicKey)).toBe(true);
  expect(isAcceptableKey(rsa.publicKey)).toBe(true);
  expect(isAcceptableKey(generateKeyPairSync("rsa", { modulusLength: 1_024 }).publicKey)).toBe(false);
  expect(isAcceptableKey(generateKeyPairSync("ed25519").publicKey)).toBe(false);
});
