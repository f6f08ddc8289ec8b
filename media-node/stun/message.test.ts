import { describe, expect, it } from "vitest";
import { createStunAddress } from "./address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_COMPREHENDED, STUN_ERROR, STUN_METHOD } from "./constants.ts";
import { shortTermKey } from "./credentials.ts";
import { verifyFingerprint, verifyIntegrity, verifyIntegritySha256 } from "./integrity.ts";
import {
  attributeText,
  attributeUint32,
  createStunMessage,
  findAttribute,
  isStun,
  parseStun,
  readAddress,
  readErrorCode,
  unknownAttributes,
} from "./message.ts";
import { createStunWriter, type StunWriter } from "./writer.ts";

const key = shortTermKey("a password of some length")!;
const id = new Uint8Array(12).map((_, i) => i);
const buffer = new Uint8Array(2048);
const writer = createStunWriter();
const message = createStunMessage();

/** Writes a request; returns its length. */
function write(fill: (writer: StunWriter) => void): number {
  writer.begin(buffer, 0, STUN_CLASS.request, STUN_METHOD.binding, id, 0);
  fill(writer);
  return writer.finish();
}

function parse(length: number): boolean {
  return parseStun(message, buffer, 0, length);
}

describe("the type field", () => {
  it("keeps class and method for every method that RFC 7983 lets through", () => {
    for (let method = 0; method < 256; method++) {
      for (let messageClass = 0; messageClass < 4; messageClass++) {
        writer.begin(buffer, 0, messageClass, method, id, 0);
        expect(parse(writer.finish())).toBe(true);
        if (message.method !== method || message.class !== messageClass)
          expect.unreachable(`${messageClass} ${method}`);
      }
    }
  });
});

describe("shape", () => {
  it("reads at any offset of a larger buffer", () => {
    const length = write(w => w.text(STUN_ATTRIBUTE.username, "a:b"));
    const larger = new Uint8Array(100).fill(0xff);
    larger.set(buffer.subarray(0, length), 7);
    expect(isStun(larger, 7, length)).toBe(true);
    expect(parseStun(message, larger, 7, length)).toBe(true);
    expect(attributeText(message, STUN_ATTRIBUTE.username)).toBe("a:b");
  });

  it.each([
    ["an empty datagram", 0, () => {}],
    ["a header cut short", 19, () => {}],
    ["trailing bytes", 32, () => {}],
    ["a wrong cookie", 28, () => (buffer[4] = 0)],
    ["bits of another protocol", 28, () => (buffer[0] = 0x80)],
    ["a length that is no multiple of four", 28, () => (buffer[3] = 7)],
    ["a length that lies", 28, () => (buffer[3] = 12)],
    ["an attribute that ends outside", 28, () => (buffer[23] = 5)],
  ])("refuses %s", (_, length, spoil) => {
    expect(write(w => w.uint32(STUN_ATTRIBUTE.priority, 1))).toBe(28);
    spoil();
    expect(parse(length)).toBe(false);
  });

  it("refuses integrity and fingerprint of impossible length", () => {
    for (const [type, size] of [
      [STUN_ATTRIBUTE.messageIntegrity, 16],
      [STUN_ATTRIBUTE.messageIntegritySha256, 12],
      [STUN_ATTRIBUTE.messageIntegritySha256, 18],
      [STUN_ATTRIBUTE.messageIntegritySha256, 36],
      [STUN_ATTRIBUTE.fingerprint, 0],
    ] as const) {
      expect(parse(write(w => w.data(type, new Uint8Array(size))))).toBe(false);
    }
  });

  it("refuses anything behind FINGERPRINT", () => {
    const length = write(w => {
      w.fingerprint();
      w.uint32(STUN_ATTRIBUTE.priority, 1);
    });
    expect(parse(length)).toBe(false);
  });

  it("bounds the number of attributes", () => {
    const flags = (count: number) => (w: StunWriter) => {
      for (let i = 0; i < count; i++) w.flag(STUN_ATTRIBUTE.software);
    };
    expect(parse(write(flags(256)))).toBe(true);
    expect(parse(write(flags(257)))).toBe(false);
  });
});

describe("attributes", () => {
  it("lets the first of several count, and finds the others one by one", () => {
    const length = write(w => {
      w.uint32(STUN_ATTRIBUTE.lifetime, 1);
      w.uint32(STUN_ATTRIBUTE.priority, 7);
      w.uint32(STUN_ATTRIBUTE.lifetime, 2);
    });
    expect(parse(length)).toBe(true);
    expect(attributeUint32(message, STUN_ATTRIBUTE.lifetime)).toBe(1);
    const first = findAttribute(message, STUN_ATTRIBUTE.lifetime);
    const second = findAttribute(message, STUN_ATTRIBUTE.lifetime, first);
    expect(second).toBe(first + 16);
    expect(findAttribute(message, STUN_ATTRIBUTE.lifetime, second)).toBe(-1);
  });

  it("ignores what stands behind MESSAGE-INTEGRITY, except a SHA-256 one and FINGERPRINT", () => {
    const length = write(w => {
      w.text(STUN_ATTRIBUTE.username, "a:b");
      w.integrity(key);
      w.flag(STUN_ATTRIBUTE.useCandidate);
      w.integritySha256(key);
      w.flag(STUN_ATTRIBUTE.dontFragment);
      w.fingerprint();
    });
    expect(parse(length)).toBe(true);
    expect(findAttribute(message, STUN_ATTRIBUTE.useCandidate)).toBe(-1);
    expect(unknownAttributes(message, new Set(STUN_COMPREHENDED), new Uint16Array(4))).toBe(0);
    expect(verifyIntegrity(message, key)).toBe(true);
    expect(verifyIntegritySha256(message, key)).toBe(true);
    expect(verifyFingerprint(message)).toBe(true);
  });

  it("ignores a MESSAGE-INTEGRITY behind the SHA-256 one", () => {
    const length = write(w => {
      w.integritySha256(key);
      w.integrity(key);
    });
    expect(parse(length)).toBe(true);
    expect(message.integrityAt).toBe(-1);
    expect(verifyIntegrity(message, key)).toBe(false);
    expect(verifyIntegritySha256(message, key)).toBe(true);
  });

  it("takes a cut SHA-256 integrity only where the usage allows that length", () => {
    for (const length of [16, 20, 24, 28, 32]) {
      expect(parse(write(w => w.integritySha256(key, length)))).toBe(true);
      expect(verifyIntegritySha256(message, key, length)).toBe(true);
      expect(verifyIntegritySha256(message, key)).toBe(length === 32);
    }
  });

  it("notices every changed bit, by integrity and by fingerprint", () => {
    const length = write(w => {
      w.text(STUN_ATTRIBUTE.username, "abc:d");
      w.integrity(key);
      w.fingerprint();
    });
    for (let bit = 0; bit < 8 * length; bit++) {
      buffer[bit >> 3]! ^= 1 << (bit & 7);
      if (parse(length) && verifyFingerprint(message)) expect.unreachable(`fingerprint missed bit ${bit}`);
      // The fingerprint itself is not covered by integrity.
      if (bit < 8 * (length - 8) && parse(length) && verifyIntegrity(message, key)) {
        expect.unreachable(`integrity missed bit ${bit}`);
      }
      buffer[bit >> 3]! ^= 1 << (bit & 7);
    }
    expect(parse(length) && verifyIntegrity(message, key)).toBe(true);
  });

  it("leaves the message as it was when it verifies", () => {
    const length = write(w => {
      w.integrity(key);
      w.fingerprint();
    });
    const before = buffer.slice(0, length);
    parse(length);
    verifyIntegrity(message, key);
    expect(buffer.subarray(0, length)).toEqual(before);
  });

  it("lists each unknown comprehension-required attribute once", () => {
    const length = write(w => {
      for (const type of [0x7001, 0x8001, 0x7002, STUN_ATTRIBUTE.username, 0x7001]) w.flag(type);
    });
    const out = new Uint16Array(4);
    expect(parse(length)).toBe(true);
    expect(unknownAttributes(message, new Set(STUN_COMPREHENDED), out)).toBe(2);
    expect([...out]).toEqual([0x7001, 0x7002, 0, 0]);
    expect(unknownAttributes(message, new Set(), new Uint16Array(1))).toBe(1);
  });

  it("refuses text that is too long or not UTF-8, numbers and addresses of wrong size", () => {
    const length = write(w => {
      w.data(STUN_ATTRIBUTE.username, Uint8Array.of(0xff, 0xfe));
      w.text(STUN_ATTRIBUTE.realm, "x".repeat(764));
      w.data(STUN_ATTRIBUTE.lifetime, new Uint8Array(3));
      w.data(STUN_ATTRIBUTE.xorPeerAddress, Uint8Array.of(0, 2, 0, 0, 1, 2, 3, 4));
      w.data(STUN_ATTRIBUTE.xorMappedAddress, Uint8Array.of(0, 3, 0, 0, 1, 2, 3, 4));
      w.flag(STUN_ATTRIBUTE.xorRelayedAddress);
    });
    expect(parse(length)).toBe(true);
    expect(attributeText(message, STUN_ATTRIBUTE.username)).toBeUndefined();
    expect(attributeText(message, STUN_ATTRIBUTE.realm)).toBeUndefined();
    expect(attributeText(message, STUN_ATTRIBUTE.nonce)).toBeUndefined();
    expect(attributeUint32(message, STUN_ATTRIBUTE.lifetime)).toBe(-1);
    const address = createStunAddress();
    for (const type of ["xorPeerAddress", "xorMappedAddress", "xorRelayedAddress"] as const) {
      expect(readAddress(message, findAttribute(message, STUN_ATTRIBUTE[type]), true, address)).toBe(false);
    }
  });
});

describe("the writer", () => {
  it("zeroes padding and writes error codes without a reason", () => {
    buffer.fill(0xee);
    const length = write(w => {
      w.text(STUN_ATTRIBUTE.software, "x");
      w.errorCode(STUN_ERROR.unknownAttribute);
      w.unknownAttributes(Uint16Array.of(0x7001), 1);
    });
    expect([...buffer.subarray(25, 28)]).toEqual([0, 0, 0]);
    expect([...buffer.subarray(length - 2, length)]).toEqual([0, 0]);
    expect(parse(length)).toBe(true);
    expect(readErrorCode(message)).toBe(420);
  });

  it("answers 0 when something does not fit, and stays inside its limit", () => {
    const full = 20 + 8 + 24 + 8;
    for (let limit = 0; limit < full + 4; limit++) {
      buffer.fill(0xee);
      writer.begin(buffer, 0, STUN_CLASS.request, STUN_METHOD.binding, id, 0, limit);
      writer.uint32(STUN_ATTRIBUTE.priority, 5);
      writer.integrity(key);
      writer.fingerprint();
      expect(writer.finish()).toBe(limit < full ? 0 : full);
      expect(buffer.indexOf(0xee)).toBeLessThanOrEqual(Math.max(limit, 0));
      expect(buffer.subarray(limit).every(byte => byte === 0xee)).toBe(true);
    }
  });

  it("fails a message whose address is none", () => {
    expect(write(w => w.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, "nowhere", 1))).toBe(0);
  });

  it("round-trips plain and XORed addresses", () => {
    const length = write(w => {
      w.address(STUN_ATTRIBUTE.mappedAddress, "::ffff:10.1.2.3", 65535);
      w.xorAddressBytes(STUN_ATTRIBUTE.xorPeerAddress, 1, Uint8Array.of(10, 1, 2, 3), 9);
      w.uint64(STUN_ATTRIBUTE.iceControlled, 0xfedcba98, 0x76543210);
    });
    const address = createStunAddress();
    expect(parse(length)).toBe(true);
    expect(readAddress(message, findAttribute(message, STUN_ATTRIBUTE.mappedAddress), false, address)).toBe(true);
    expect([address.family, ...address.bytes.subarray(0, 4), address.port]).toEqual([1, 10, 1, 2, 3, 65535]);
    expect(readAddress(message, findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress), true, address)).toBe(true);
    expect([address.family, ...address.bytes.subarray(0, 4), address.port]).toEqual([1, 10, 1, 2, 3, 9]);
    expect(Buffer.from(buffer.subarray(length - 8, length)).toString("hex")).toBe("fedcba9876543210");
  });
});
