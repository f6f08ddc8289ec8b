import { describe, expect, it } from "vitest";
import { createKeyShare } from "./key-exchange.ts";

describe.each(["x25519", "P-256"] as const)("%s", group => {
  it("agrees on one secret of 32 bytes", () => {
    const a = createKeyShare(group);
    const b = createKeyShare(group);
    const secret = a.agree(b.publicKey);
    expect(secret?.length).toBe(32);
    expect(secret).toEqual(b.agree(a.publicKey));
  });

  it("refuses keys of the wrong size, off the curve, or of small order", () => {
    const share = createKeyShare(group);
    const size = share.publicKey.length;
    for (const peer of [new Uint8Array(0), new Uint8Array(size), new Uint8Array(size - 1), new Uint8Array(size + 1)]) {
      expect(share.agree(peer)).toBeUndefined();
    }
    const offCurve = new Uint8Array(createKeyShare("P-256").publicKey);
    offCurve[64]! ^= 1;
    expect(createKeyShare("P-256").agree(offCurve)).toBeUndefined();
  });
});
