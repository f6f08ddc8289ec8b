import { isIPv4, isIPv6, SocketAddress } from "node:net";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatAddress, parseAddress } from "./address.ts";
import { STUN_FAMILY } from "./constants.ts";

function roundTrip(text: string): string | undefined {
  const bytes = new Uint8Array(16);
  const family = parseAddress(text, bytes);
  return family === 0 ? undefined : formatAddress(bytes, family);
}

describe("addresses as text", () => {
  it.each([
    ["127.0.0.1", "127.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8::8:0:0:1", "2001:db8::8:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
    ["fe80::1%eth0", "fe80::1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::ffff:c000:201", "192.0.2.1"],
  ])("reads %s as %s", (text, expected) => {
    expect(roundTrip(text)).toBe(expected);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "01.2.3.4",
    "1.2.3.4 ",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8:9",
    "12345::",
    "1:2:3:4:5:6:7:",
    "::1.2.3",
    "1:2:3:4:5:6:7:1.2.3.4",
    "::g",
    "fe80::1%",
    "localhost",
  ])("refuses %j", text => {
    expect(roundTrip(text)).toBeUndefined();
  });

  it("agrees with the platform on what is an address, and on which", () => {
    const piece = fc.constantFrom("::", ":", ".", "0", "1", "ff", "255", "256", "abcd", "12345", "00", "g");
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 17 }), pieces => {
        const text = pieces.join("");
        const canonical = roundTrip(text);
        if (!isIPv4(text) && !isIPv6(text)) return canonical === undefined;
        if (canonical === undefined) return false;
        return (
          isIPv4(canonical) || roundTrip(new SocketAddress({ address: text, family: "ipv6" }).address) === canonical
        );
      }),
      { numRuns: 5000 },
    );
  });

  it("writes what it reads back, for every IPv6 address", () => {
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 16, maxLength: 16 }), numbers => {
        const bytes = Uint8Array.from(numbers);
        const back = new Uint8Array(16);
        const text = formatAddress(bytes, STUN_FAMILY.ipv6);
        expect(isIPv6(text)).toBe(true);
        if (parseAddress(text, back) === STUN_FAMILY.ipv6) expect(back).toEqual(bytes);
        else expect(text.startsWith("::ffff:")).toBe(true);
      }),
    );
  });
});
