import { describe, expect, it } from "vitest";
import { createConnectionLimits } from "./connection-limits.ts";

describe("limits of connections", () => {
  it("hold for an address and in all, and one that leaves makes room", () => {
    const limits = createConnectionLimits(3, 2);
    expect([1, 2, 3].map(() => limits.admit("192.0.2.1"))).toEqual([true, true, false]);
    expect([2, 3].map(last => limits.admit(`192.0.2.${last}`))).toEqual([true, false]);
    limits.leave("192.0.2.1");
    limits.leave("192.0.2.9");
    expect(limits.count).toBe(2);
    expect([limits.admit("192.0.2.1"), limits.admit("192.0.2.1")]).toEqual([true, false]);
  });

  it("count a /64 of IPv6 as one sender, and refuse who has no address", () => {
    const limits = createConnectionLimits(9, 1);
    expect(["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:1::1", ""].map(limits.admit)).toEqual([
      true,
      false,
      true,
      false,
    ]);
    limits.leave("2001:db8::9");
    expect(limits.admit("2001:db8::2")).toBe(true);
  });

  it("may be without one per address", () => {
    const limits = createConnectionLimits(3, 0);
    expect([1, 2, 3, 4].map(() => limits.admit("::1"))).toEqual([true, true, true, false]);
  });
});
