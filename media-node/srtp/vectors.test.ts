import { describe, expect, it } from "vitest";
import { createCmCipher } from "./cm-cipher.ts";
import { createGcmCipher } from "./gcm-cipher.ts";
import { createInboundSrtp } from "./inbound.ts";
import { deriveSessionKeys } from "./key-derivation.ts";
import { createNodePrimitives } from "./node-primitives.ts";
import { createOutboundSrtp } from "./outbound.ts";
import { keyingMaterialLength, splitKeyingMaterial, srtpProfileById } from "./profiles.ts";
import { agree, selectSrtpPrimitives } from "./select-primitives.ts";
import { hex, inRoom, primitiveSets, toHex } from "./testing/packets.ts";

const cm = srtpProfileById(0x0001)!;
const gcm = srtpProfileById(0x0007)!;
const rfc3711Master = {
  profile: cm,
  key: hex("E1F97A0D3E018BE0D64FA32C06DE4139"),
  salt: hex("0EC675AD498AFEEBB6960B3AABE6"),
};

it("derives the session keys of RFC 3711 appendix B.3", () => {
  const { rtp } = deriveSessionKeys(rfc3711Master);
  expect(toHex(rtp.key)).toBe("c61e7a93744f39ee10734afe3ff7a087");
  expect(toHex(rtp.salt)).toBe("30cbbc08863d8c85d49db34a9ae1");
  expect(toHex(rtp.authKey)).toBe("cebe321f6ff7716b6fd4ab49af256a156d38baa4");
});

it("refuses keys and keying material of another profile's length", () => {
  expect(() => deriveSessionKeys({ ...rfc3711Master, profile: gcm })).toThrow(RangeError);
  expect(() => splitKeyingMaterial(gcm, new Uint8Array(keyingMaterialLength(cm)))).toThrow(RangeError);
});

it("splits exported keying material in the order of RFC 5764 §4.2", () => {
  const material = Uint8Array.from({ length: keyingMaterialLength(cm) }, (_, i) => i);
  const { client, server } = splitKeyingMaterial(cm, material);
  expect([client.key[0], client.key.length, server.key[0], server.key.length]).toEqual([0, 16, 16, 16]);
  expect([client.salt[0], client.salt.length, server.salt[0], server.salt.length]).toEqual([32, 14, 46, 14]);
});

it("uses libcrypto only where it agrees with node:crypto", () => {
  const [portable] = primitiveSets;
  expect(agree(selectSrtpPrimitives(), portable!)).toBe(true);
  const wrong = { ...createNodePrimitives(), createMac: () => ({ compute: () => true, close() {} }) };
  expect(agree(portable!, wrong)).toBe(false);
});

describe.each(primitiveSets)("$name", primitives => {
  const session = {
    key: hex("000102030405060708090a0b0c0d0e0f"),
    salt: hex("517569642070726f2071756f"),
    authKey: hex(""),
  };
  const rtp = hex(`8040f17b 8041f8d3 5501a0b2 47616c6c 69612065 7374206f 6d6e6973 20646976
    69736120 696e2070 61727465 73207472 6573`);
  const sealedRtp = hex(`8040f17b 8041f8d3 5501a0b2 f24de3a3 fb34de6c acba861c 9d7e4bca be633bd5
    0d294e6f 42a5f47a 51c7d19b 36de3adf 8833899d 7f27beb1 6a9152cf 765ee439 0cce`);
  const rtcp = hex(`81c8000d 4d617273 4e545031 4e545032 52545020 0000042a 0000e930 4c756e61
    deadbeef deadbeef deadbeef deadbeef deadbeef`);
  const sealedRtcp = hex(`81c8000d 4d617273 63e94885 dcdab67c a727d766 2f6b7e99 7ff5c0f7 6c06f32d
    c676a5f1 730d6fda 4ce09b46 86303ded 0bb9275b c84aa458 96cf4d2f c5abf872 45d9eade 800005d4`);
  const authenticatedRtcp = hex(`${toHex(rtcp)} 841dd968 3dd78ec9 2ae58790 125f62b3 000005d4`);

  it("seals and opens the RTP packet of RFC 7714 §16.1", () => {
    const cipher = createGcmCipher(session, session, primitives);
    const buffer = inRoom(rtp, 3);
    expect(cipher.sealRtp(buffer, 3, 15, 3 + rtp.length, 0x5501a0b2, 0, 0xf17b)).toBe(true);
    expect(toHex(buffer.subarray(3, 3 + sealedRtp.length))).toBe(toHex(sealedRtp));
    expect(cipher.openRtp(buffer, 3, 15, 3 + rtp.length, 0x5501a0b2, 0, 0xf17b)).toBe(true);
    expect(toHex(buffer.subarray(3, 3 + rtp.length))).toBe(toHex(rtp));
    cipher.close();
  });

  it("seals and opens the RTCP packet of RFC 7714 §17.1", () => {
    const cipher = createGcmCipher(session, session, primitives);
    const buffer = inRoom(rtcp);
    expect(cipher.sealRtcp(buffer, 0, rtcp.length, 0x4d617273, 0x5d4)).toBe(true);
    expect(toHex(buffer.subarray(0, sealedRtcp.length))).toBe(toHex(sealedRtcp));
    const word = cipher.readRtcpIndexWord(buffer, sealedRtcp.length);
    expect(word).toBe(0x800005d4);
    expect(cipher.openRtcp(buffer, 0, rtcp.length, 0x4d617273, word)).toBe(true);
    expect(toHex(buffer.subarray(0, rtcp.length))).toBe(toHex(rtcp));
    cipher.close();
  });

  it("opens an authenticated but unencrypted RTCP packet in GCM", () => {
    const cipher = createGcmCipher(session, session, primitives);
    const buffer = authenticatedRtcp.slice();
    expect(cipher.openRtcp(buffer, 0, rtcp.length, 0x4d617273, 0x5d4)).toBe(true);
    expect(toHex(buffer)).toBe(toHex(authenticatedRtcp));
    buffer[9]! ^= 1;
    expect(cipher.openRtcp(buffer, 0, rtcp.length, 0x4d617273, 0x5d4)).toBe(false);
    cipher.close();
  });

  it("gives the AES-CM key stream of RFC 3711 appendix B.2", () => {
    const keys = {
      key: hex("2B7E151628AED2A6ABF7158809CF4F3C"),
      salt: hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD"),
      authKey: new Uint8Array(20),
    };
    const cipher = createCmCipher(keys, keys, primitives);
    const length = 0xff02 * 16;
    const buffer = new Uint8Array(length + 16);
    expect(cipher.sealRtp(buffer, 0, 0, length, 0, 0, 0)).toBe(true);
    expect(toHex(buffer.subarray(0, 32))).toBe("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab");
    expect(toHex(buffer.subarray(length - 48, length - 16))).toBe(
      "ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae",
    );
    cipher.close();
  });

  it("protects and unprotects the reference packets of libsrtp's own test in AES-CM with HMAC-SHA1", () => {
    const plainRtp = hex("800f1234 decafbad cafebabe abababab abababab abababab abababab");
    const sealed = "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb";
    const plainRtcp = hex("81c8000b cafebabe abababab abababab abababab abababab");
    const sealedControl = "81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798";
    const out = createOutboundSrtp({ master: rfc3711Master, primitives });
    const inward = createInboundSrtp({ master: rfc3711Master, primitives });
    const media = inRoom(plainRtp);
    expect(out.protectRtp(media, 0, 12, 16)).toBe(38);
    expect(toHex(media.subarray(0, 38))).toBe(sealed);
    expect(inward.unprotectRtp(media, 0, 38)).toBe(28);
    expect(toHex(media.subarray(0, 28))).toBe(toHex(plainRtp));
    const control = inRoom(plainRtcp);
    expect(out.protectRtcp(control, 0, 24)).toBe(38);
    expect(toHex(control.subarray(0, 38))).toBe(sealedControl);
    expect(inward.unprotectRtcp(control, 0, 38)).toBe(24);
    expect(toHex(control.subarray(0, 24))).toBe(toHex(plainRtcp));
    out.close();
    inward.close();
  });
});
