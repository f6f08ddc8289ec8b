import { decodeProtectedHeader, exportJWK, exportPKCS8, generateKeyPair, jwtVerify } from "jose";
import { describe, expect, it } from "vitest";
import { MEMBER_GRANTS } from "../protocol/grants.ts";
import { createApiToken, createToken, type TokenOptions } from "./tokens.ts";

const secret = "a secret of thirty-two bytes or more";
const key = { name: "main", secret };
const bytes = new TextEncoder().encode(secret);

describe("a join token", () => {
  it("says who, where, what and until when, and which key it is by", async () => {
    const token = await createToken(key, { room: "eu.standup", identity: "ada", name: "Ada", attributes: { a: "b" } });
    expect(decodeProtectedHeader(token)).toEqual({ alg: "HS256", kid: "main" });
    const { payload } = await jwtVerify(token, bytes, { audience: "join", algorithms: ["HS256"] });
    expect(payload).toMatchObject({
      sub: "ada",
      room: "eu.standup",
      name: "Ada",
      attributes: { a: "b" },
      grants: { ...MEMBER_GRANTS, create: true },
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(600);
  });

  it("is signed with Ed25519, by a key in either form", async () => {
    const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
    for (const form of [await exportJWK(privateKey), await exportPKCS8(privateKey)]) {
      const token = await createToken({ name: "ed", privateKey: form }, { room: "r", identity: "ada", ttl: 5 });
      const { payload, protectedHeader } = await jwtVerify(token, publicKey);
      expect(protectedHeader).toEqual({ alg: "EdDSA", kid: "ed" });
      expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(5);
    }
  });

  it.each<[string, Partial<TokenOptions>]>([
    ["room", { room: "No Room" }],
    ["identity", { identity: "a b" }],
    ["identity", { identity: "" }],
    ["name", { name: "x".repeat(81) }],
    ["metadata", { metadata: "x".repeat(4_097) }],
    ["metadata and attributes", { metadata: "x".repeat(4_000), attributes: { a: "v".repeat(97) } }],
    ["ttl", { ttl: 86_401 }],
    ["ttl", { ttl: 0 }],
    ["ttl", { ttl: 1.5 }],
  ])("is not made with a bad %s", async (field, wrong) => {
    const made = createToken(key, { room: "r", identity: "ada", ...wrong });
    await expect(made).rejects.toMatchObject({ code: "bad-request", detail: expect.stringContaining(field) });
  });
});

describe("an API token", () => {
  it("is for the API only", async () => {
    const { payload } = await jwtVerify(await createApiToken(key, 60), bytes, { audience: "api" });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
    expect(payload.sub).toBeUndefined();
  });
});
