import { describe, expect, it } from "vitest";
import { legAgreement } from "./codecs.ts";

const agreementAt = (address: string, signaling: string) => {
  const agreement = { address, port: 4_000, codecs: [], events: [], direction: "sendrecv", srtp: undefined } as const;
  return legAgreement(agreement, signaling, { isEstablished: true, holds: false, hasTalked: true });
};

describe("a telephone's sound", () => {
  const sound = (direction: "sendrecv" | "sendonly" | "recvonly" | "inactive", holds: boolean, hasTalked: boolean) => {
    const agreement = { address: "192.0.2.7", port: 4_000, codecs: [], events: [], direction, srtp: undefined };
    const { sends, receives, held } = legAgreement(agreement, "192.0.2.7", { isEstablished: true, holds, hasTalked });
    return { sends, receives, held };
  };

  it("goes both ways, or the one way that was agreed from the beginning", () => {
    expect(sound("sendrecv", false, true)).toEqual({ sends: true, receives: true, held: false });
    expect(sound("recvonly", false, false)).toEqual({ sends: false, receives: true, held: false });
  });

  it("is music to the telephone alone while we hold it, and not the telephone's own while it holds us", () => {
    expect(sound("sendonly", true, true)).toEqual({ sends: true, receives: false, held: true });
    // Not agreed yet.
    expect(sound("sendrecv", true, true)).toEqual({ sends: true, receives: false, held: true });
    expect(sound("recvonly", false, true)).toEqual({ sends: false, receives: false, held: false });
    expect(sound("inactive", true, true)).toEqual({ sends: false, receives: false, held: true });
  });
});

describe("where a telephone's sound goes", () => {
  it.each([
    ["198.51.100.7", "198.51.100.1"],
    ["10.1.2.3", "198.51.100.1"],
    ["127.0.0.1", "127.0.0.1"],
    ["169.254.7.8", "sip.example.com"],
    ["2001:db8::7", "2001:db8::1"],
  ])("is %s for signaling from %s", (address, signaling) => {
    expect(agreementAt(address, signaling)).toMatchObject({ address, port: 4_000, from: [address, signaling] });
  });

  it.each([
    "127.0.0.1",
    "0.0.0.0",
    "169.254.169.254",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::ffff:127.0.0.1",
    "fe80::1",
  ])("is not %s, where this machine or many would get it, unless its signaling comes from there", address => {
    expect(agreementAt(address, "198.51.100.1")).toMatchObject({ port: 0, from: ["198.51.100.1"], sends: true });
  });
});
