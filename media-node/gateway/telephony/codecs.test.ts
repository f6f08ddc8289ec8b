import { describe, expect, it } from "vitest";
import { legAgreement } from "./codecs.ts";

const agreementAt = (address: string, signaling: string) => {
  const agreement = { address, port: 4_000, codecs: [], events: [], direction: "sendrecv", srtp: undefined } as const;
  return legAgreement(agreement, signaling, true);
};

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
