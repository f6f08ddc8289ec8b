import { isIP } from "node:net";
import fc from "fast-check";
import { expect, it } from "vitest";
import { formatAddress, isMapped, parseAddress } from "./address.ts";

const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 2000);

it("reads back what it wrote, and writes IPv6 as a URL does", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.array(fc.constantFrom(0, 0, 0, 0x12, 0xff), { minLength: 16, maxLength: 16 }).map(list => Uint8Array.from(list)),
  );
  fc.assert(
    fc.property(bytes, address => {
      const text = formatAddress(address);
      expect(isIP(text)).toBe(address.length === 4 ? 4 : 6);
      expect(parseAddress(text)).toEqual(address);
      if (address.length === 16 && !isMapped(address)) expect(new URL(`udp://[${text}]`).hostname).toBe(`[${text}]`);
    }),
  );
});

it("agrees with the runtime on what an address is", () => {
  const texts = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc
      .array(fc.constantFrom("0", "12", "abcd", ":", "::", ".", "1.2.3.4", "255", "256", "g"), { maxLength: 12 })
      .map(parts => parts.join("")),
    fc.string({ maxLength: 50 }),
  );
  fc.assert(
    fc.property(texts, text => {
      const expected = text.includes("%") ? 0 : isIP(text);
      const parsed = parseAddress(text);
      expect(parsed === undefined ? 0 : parsed.length === 4 ? 4 : 6).toBe(expected);
    }),
    { numRuns: fuzzRuns },
  );
});

it("knows IPv4 in IPv6 dress", () => {
  expect(formatAddress(parseAddress("::FFFF:127.0.0.1")!)).toBe("::ffff:127.0.0.1");
  expect(isMapped(parseAddress("::ffff:7f00:1")!)).toBe(true);
  expect(isMapped(parseAddress("::1:ffff:7f00:1")!)).toBe(false);
});
