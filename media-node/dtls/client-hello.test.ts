import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz } from "../testing/fuzz.ts";
import { concat, u8, u16, vector } from "./bytes.ts";
import { parseClientHello, select } from "./client-hello.ts";
import { Alert } from "./constants.ts";

interface Shape {
  version: number;
  suites: number[];
  extensions: [number, Uint8Array][];
}

const list16 = (...numbers: number[]) => vector(2, ...numbers.map(u16));
const GROUPS: [number, Uint8Array] = [10, list16(0x11ec, 29, 23)];
const SCHEMES: [number, Uint8Array] = [13, list16(0x0403, 0x0804)];
const SRTP: [number, Uint8Array] = [14, concat(list16(0x0008, 0x0001, 0x0007), vector(1))];
const EMS: [number, Uint8Array] = [23, new Uint8Array(0)];
const VERSIONS: [number, Uint8Array] = [43, vector(1, u16(0xfefc), u16(0xfefd))];

/** Shaped like a browser's hello that offers DTLS 1.3 as well. */
function hello(shape: Partial<Shape> = {}): Uint8Array {
  const {
    version = 0xfefd,
    suites = [0x1301, 0xc02b, 0xc02f],
    extensions = [GROUPS, SCHEMES, SRTP, EMS, VERSIONS],
  } = shape;
  return concat(
    u16(version),
    new Uint8Array(32).fill(9),
    vector(1),
    vector(1),
    list16(...suites),
    vector(1, u8(0)),
    vector(2, ...extensions.map(([type, data]) => concat(u16(type), vector(2, data)))),
  );
}
const selectFrom = (shape: Partial<Shape>) =>
  select(parseClientHello(hello(shape))!, ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"]);

describe("ClientHello", () => {
  it("leads to our own order of preference, not the client's", () => {
    expect(selectFrom({})).toEqual({ group: "x25519", srtpProfile: "AEAD_AES_128_GCM" });
    const other: Shape["extensions"] = [[10, list16(23)], SCHEMES, [14, concat(list16(1), vector(1, u8(5)))], EMS];
    expect(selectFrom({ extensions: other })).toEqual({ group: "P-256", srtpProfile: "AES_CM_128_HMAC_SHA1_80" });
    expect(selectFrom({ extensions: [GROUPS, SCHEMES, EMS] })).toMatchObject({ srtpProfile: undefined });
  });

  it("is refused with the fitting alert when nothing is common", () => {
    expect(selectFrom({ version: 0xfeff, extensions: [GROUPS, SCHEMES, EMS] })).toBe(Alert.protocolVersion);
    expect(selectFrom({ version: 0x0303, extensions: [GROUPS, SCHEMES, EMS] })).toBe(Alert.protocolVersion);
    const only13: [number, Uint8Array] = [43, vector(1, u16(0xfefc))];
    expect(selectFrom({ extensions: [GROUPS, SCHEMES, EMS, only13] })).toBe(Alert.protocolVersion);
    expect(selectFrom({ suites: [0xc02f] })).toBe(Alert.handshakeFailure);
    expect(selectFrom({ extensions: [SCHEMES, EMS] })).toBe(Alert.handshakeFailure);
    expect(selectFrom({ extensions: [GROUPS, EMS] })).toBe(Alert.handshakeFailure);
    expect(selectFrom({ extensions: [GROUPS, SCHEMES] })).toBe(Alert.handshakeFailure);
  });

  it("is malformed with a doubled extension, an odd list, trailing bytes or a renegotiation value", () => {
    const malformed: Uint8Array[] = [
      hello({ extensions: [EMS, EMS] }),
      hello({ extensions: [[10, vector(2, u8(1))]] }),
      hello({ extensions: [[10, list16()]] }),
      hello({ extensions: [[0xff01, vector(1, u8(1))]] }),
      concat(hello(), u8(0)),
      hello().subarray(0, 60),
      new Uint8Array(0),
    ];
    for (const body of malformed) expect(parseClientHello(body)).toBeUndefined();
  });

  it("never throws, whatever the bytes", { timeout: FUZZ_TIMEOUT }, () => {
    fuzz([hello(), hello({ extensions: [EMS] })], bytes => {
      const parsed = parseClientHello(bytes);
      if (parsed !== undefined) select(parsed, ["AEAD_AES_128_GCM"]);
    });
  });
});
