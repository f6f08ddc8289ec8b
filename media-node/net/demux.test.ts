import { expect, it } from "vitest";
import { PacketKind, packetKind } from "./demux.ts";

const kind = (...bytes: number[]) => packetKind(new Uint8Array([9, ...bytes]), 1, bytes.length);

it("follows the ranges of RFC 7983", () => {
  const kinds = Array.from({ length: 256 }, (_, first) => kind(first, 0));
  const expected = (first: number) => {
    if (first <= 3) return PacketKind.stun;
    if (first <= 19) return PacketKind.unknown;
    if (first <= 63) return PacketKind.dtls;
    if (first <= 79) return PacketKind.turnChannel;
    return first >= 128 && first <= 191 ? PacketKind.rtp : PacketKind.unknown;
  };
  expect(kinds).toEqual(kinds.map((_, first) => expected(first)));
});

it("tells RTCP from RTP by the second byte (RFC 5761)", () => {
  expect([191, 192, 200, 207, 223, 224].map(second => kind(0x80, second))).toEqual([
    PacketKind.rtp,
    PacketKind.rtcp,
    PacketKind.rtcp,
    PacketKind.rtcp,
    PacketKind.rtcp,
    PacketKind.rtp,
  ]);
});

it("calls what is too short to tell unknown", () => {
  expect(kind()).toBe(PacketKind.unknown);
  expect(kind(0x80)).toBe(PacketKind.unknown);
});
