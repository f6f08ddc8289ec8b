import { createSecretKey } from "node:crypto";
import { expect, it } from "vitest";
import { deriveKeys, prf } from "./key-schedule.ts";

it("prf gives the published test vector of P_SHA256", () => {
  const secret = createSecretKey(Buffer.from("9bbe436ba940f017b17652849a71db35", "hex"));
  const seed = Buffer.from("a0ba9f936cda311827a6f796ffd5198c", "hex");
  const expected =
    "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17" +
    "abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66";
  expect(Buffer.from(prf(secret, "test label", seed, 100)).toString("hex")).toBe(expected);
});

it("zeroes the premaster secret and still derives the same keys from the same secrets", () => {
  const derive = () => {
    const premaster = new Uint8Array(32).fill(7);
    const keys = deriveKeys(premaster, Buffer.from("transcript"), new Uint8Array(32), new Uint8Array(32).fill(1));
    expect(premaster).toEqual(new Uint8Array(32));
    return keys;
  };
  expect(derive().client.key.export()).toEqual(derive().client.key.export());
  expect(derive().client.key.export()).not.toEqual(derive().server.key.export());
  expect(derive().exportSrtpKeys("AES_CM_128_HMAC_SHA1_80").localSalt.length).toBe(14);
  expect(derive().exportSrtpKeys("AEAD_AES_128_GCM").localSalt.length).toBe(12);
});
