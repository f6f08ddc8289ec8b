import { describe, expect, it } from "vitest";
import { createStunAddress, formatAddress } from "./address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD, STUN_PASSWORD_ALGORITHM } from "./constants.ts";
import { attributeEquals, longTermKey, readPasswordAlgorithm, shortTermKey, userhash } from "./credentials.ts";
import { verifyFingerprint, verifyIntegrity, verifyIntegritySha256 } from "./integrity.ts";
import {
  attributeText,
  attributeUint32,
  createStunMessage,
  findAttribute,
  hasTransactionId,
  parseStun,
  readAddress,
} from "./message.ts";
import { createStunWriter } from "./writer.ts";

const hex = (text: string) => new Uint8Array(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));
const ID = "b7e7a701bc34d686fa87dfae";
const iceKey = shortTermKey("VOkJxbRl1RmTxUk/WvJxBt")!;

const REQUEST = hex(`00010058 2112a442 ${ID}
  80220010 5354554e207465737420636c69656e74 00240004 6e0001ff 80290008 932ff9b151263b36
  00060009 6576746a3a68367659202020 00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf`);
const RESPONSE_4 = hex(`0101003c 2112a442 ${ID} 8022000b 7465737420766563746f7220 00200008 0001a147e112a643
  00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004 c07d4c96`);
const RESPONSE_6 = hex(`01010048 2112a442 ${ID} 8022000b 7465737420766563746f7220
  00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9
  00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c`);
const LONG_TERM = hex(`00010060 2112a442 78ad3433c6ad72c029da412e
  00060012 e3839ee38388e383aae38383e382afe382b90000
  0015001c 662f2f3439396b39353464364f4c33346f4c394653547679363473410014000b 6578616d706c652e6f726700
  00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666`);
/** RFC 8489 appendix B.1 as corrected by erratum 6268. */
const SHA256 = hex(`00010090 2112a442 78ad3433c6ad72c029da412e
  001e0020 4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704
  00150029 6f624d61744a6f733241414143662f2f3439396b39353464364f4c33346f4c39465354767936347341000000
  0014000b 6578616d706c652e6f726700 001d0004 00020000
  001c0020 b5c7bf005b6c52a21c51c5e892f81924136296cb927c43149309278cc6518e65`);
const MATRIX = "\u30de\u30c8\u30ea\u30c3\u30af\u30b9";

function parsed(bytes: Uint8Array) {
  const message = createStunMessage();
  expect(parseStun(message, bytes, 0, bytes.length)).toBe(true);
  return message;
}

describe("RFC 5769 vectors", () => {
  it("reads and verifies the request of §2.1", () => {
    const message = parsed(REQUEST);
    expect(message.class).toBe(STUN_CLASS.request);
    expect(message.method).toBe(STUN_METHOD.binding);
    expect(hasTransactionId(message, hex(ID))).toBe(true);
    expect(attributeText(message, STUN_ATTRIBUTE.software)).toBe("STUN test client");
    expect(attributeText(message, STUN_ATTRIBUTE.username)).toBe("evtj:h6vY");
    expect(attributeUint32(message, STUN_ATTRIBUTE.priority)).toBe(0x6e0001ff);
    expect(findAttribute(message, STUN_ATTRIBUTE.iceControlled)).toBeGreaterThan(0);
    expect(verifyIntegrity(message, iceKey)).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
    expect(verifyIntegrity(message, shortTermKey("another password, long")!)).toBe(false);
  });

  it.each([
    ["§2.2", RESPONSE_4, "192.0.2.1"],
    ["§2.3", RESPONSE_6, "2001:db8:1234:5678:11:2233:4455:6677"],
  ])("reads and verifies the response of %s", (_, bytes, expected) => {
    const message = parsed(bytes);
    expect(message.class).toBe(STUN_CLASS.success);
    const address = createStunAddress();
    expect(readAddress(message, findAttribute(message, STUN_ATTRIBUTE.xorMappedAddress), true, address)).toBe(true);
    expect(formatAddress(address.bytes, address.family)).toBe(expected);
    expect(address.port).toBe(32853);
    expect(verifyIntegrity(message, iceKey)).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
  });

  it("derives the long-term key of §2.4 and verifies with it", () => {
    // The vector's password before SASLprep holds a soft hyphen, which OpaqueString refuses: this is what comes out of it.
    const key = longTermKey(STUN_PASSWORD_ALGORITHM.md5, MATRIX, "example.org", "TheMatrIX")!;
    expect(key.export().toString("hex")).toBe("e8ca7ad59d5eb0518e312911d2dab2a9");
    const message = parsed(LONG_TERM);
    expect(attributeText(message, STUN_ATTRIBUTE.username)).toBe(MATRIX);
    expect(attributeText(message, STUN_ATTRIBUTE.realm)).toBe("example.org");
    expect(verifyIntegrity(message, key)).toBe(true);
    expect(message.fingerprintAt).toBe(-1);
  });
});

describe("RFC 8489 appendix B.1 (erratum 6268)", () => {
  it("derives the SHA-256 key and user hash, and verifies with them", () => {
    const key = longTermKey(STUN_PASSWORD_ALGORITHM.sha256, MATRIX, "example.org", "TheMatrIX")!;
    expect(key.export().toString("hex")).toBe("dd295a613b9058c3c23d6dc7165bda072304d989c9d0af3a8c7e184b4f9bb4a1");
    const message = parsed(SHA256);
    expect(verifyIntegritySha256(message, key)).toBe(true);
    expect(readPasswordAlgorithm(message)).toBe(STUN_PASSWORD_ALGORITHM.sha256);
    expect(attributeEquals(message, STUN_ATTRIBUTE.userhash, userhash(MATRIX, "example.org")!)).toBe(true);
  });
});

describe("the writer", () => {
  it("reproduces the request of RFC 8489 B.1 byte by byte", () => {
    const key = longTermKey(STUN_PASSWORD_ALGORITHM.sha256, MATRIX, "example.org", "TheMatrIX")!;
    const writer = createStunWriter();
    const buffer = new Uint8Array(200).fill(0xaa);
    writer.begin(buffer, 8, STUN_CLASS.request, STUN_METHOD.binding, hex("78ad3433c6ad72c029da412e"), 0);
    writer.data(STUN_ATTRIBUTE.userhash, userhash(MATRIX, "example.org")!);
    writer.text(STUN_ATTRIBUTE.nonce, "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
    writer.text(STUN_ATTRIBUTE.realm, "example.org");
    writer.uint32(STUN_ATTRIBUTE.passwordAlgorithm, 0x00020000);
    writer.integritySha256(key);
    const length = writer.finish();
    expect(Buffer.from(buffer.subarray(8, 8 + length))).toEqual(Buffer.from(SHA256));
    expect(buffer[7]).toBe(0xaa);
    expect(buffer[8 + length]).toBe(0xaa);
  });

  it.each([
    ["192.0.2.1", RESPONSE_4],
    ["2001:db8:1234:5678:11:2233:4455:6677", RESPONSE_6],
  ])("encodes %s as the vector does", (address, vector) => {
    const writer = createStunWriter();
    const buffer = new Uint8Array(100);
    writer.begin(buffer, 0, STUN_CLASS.success, STUN_METHOD.binding, hex(ID), 0);
    writer.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, address, 32853);
    const length = writer.finish();
    const at = findAttribute(parsed(vector), STUN_ATTRIBUTE.xorMappedAddress);
    expect(Buffer.from(buffer.subarray(20, length))).toEqual(Buffer.from(vector.subarray(at, at + length - 20)));
  });
});
