import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SrtpFailure } from "./failure.ts";
import { createInboundSrtp } from "./inbound.ts";
import { createOutboundSrtp } from "./outbound.ts";
import { combinations, inRoom, masterKey, rtcpPacket, rtpPacket, toHex } from "./testing/packets.ts";

const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 2000);

describe.each(combinations)("$name", ({ profile, primitives }) => {
  const master = masterKey(profile);
  const sealedRtp = (sequence: number, ssrc = 5) => {
    const out = createOutboundSrtp({ master, primitives });
    const { packet } = rtpPacket({ sequence, ssrc, payload: new Uint8Array(40).fill(sequence) });
    const buffer = inRoom(packet);
    const length = out.protectRtp(buffer, 0, 12, packet.length - 12);
    out.close();
    return buffer.slice(0, length);
  };
  const sealedRtcp = () => {
    const out = createOutboundSrtp({ master, primitives });
    const buffer = inRoom(rtcpPacket(5, new Uint8Array(12)));
    const length = out.protectRtcp(buffer, 0, 20);
    out.close();
    return buffer.slice(0, length);
  };

  it("refuses a packet with any bit flipped, leaves it as it was, and takes the true one after", () => {
    const inward = createInboundSrtp({ master, primitives });
    const rtp = sealedRtp(7);
    const rtcp = sealedRtcp();
    for (const [packet, unprotect] of [
      [rtp, inward.unprotectRtp],
      [rtcp, inward.unprotectRtcp],
    ] as const) {
      for (let bit = 0; bit < packet.length * 8; bit++) {
        const forged = packet.slice();
        forged[bit >> 3]! ^= 1 << (bit & 7);
        const before = toHex(forged);
        expect(unprotect(forged, 0, forged.length)).toBeLessThan(0);
        expect(toHex(forged)).toBe(before);
      }
    }
    expect(inward.unprotectRtp(rtp, 0, rtp.length)).toBe(52);
    expect(inward.unprotectRtcp(rtcp, 0, rtcp.length)).toBe(20);
  });

  it("moves neither index nor window for a forged packet", () => {
    const inward = createInboundSrtp({ master, primitives });
    const first = sealedRtp(100);
    inward.unprotectRtp(first, 0, first.length);
    for (let ahead = 1; ahead < 30_000; ahead += 1000) {
      const forged = rtpPacket({ sequence: 100 + ahead, ssrc: 5, payload: new Uint8Array(60) }).packet;
      expect(inward.unprotectRtp(forged, 0, forged.length)).toBe(SrtpFailure.unauthentic);
    }
    const next = sealedRtp(101);
    expect(inward.unprotectRtp(next, 0, next.length)).toBe(52);
  });

  it("refuses truncated packets and lengths that lie, inside and outside the buffer", () => {
    const inward = createInboundSrtp({ master, primitives });
    const packet = sealedRtp(1);
    for (let length = 0; length < packet.length; length++) {
      expect(inward.unprotectRtp(packet.slice(), 0, length)).toBeLessThan(0);
    }
    const places = [
      [0, packet.length + 1],
      [1, packet.length],
      [-1, packet.length],
      [0, -1],
      [packet.length, 0],
      [2 ** 31, packet.length],
      [0, 2 ** 40],
    ] as const;
    for (const [offset, length] of places) {
      expect(inward.unprotectRtp(packet, offset, length)).toBe(SrtpFailure.malformed);
      expect(inward.unprotectRtcp(packet, offset, length)).toBe(SrtpFailure.malformed);
    }
    const lying = [
      rtpPacket({ sequence: 1, csrcs: 15 }).packet.subarray(0, 40),
      rtpPacket({ sequence: 1, extensionWords: 60 }).packet.subarray(0, 100),
    ];
    for (const bytes of lying) expect(inward.unprotectRtp(bytes, 0, bytes.length)).toBe(SrtpFailure.malformed);
    const version1 = packet.slice();
    version1[0] = 0x40;
    expect(inward.unprotectRtp(version1, 0, version1.length)).toBe(SrtpFailure.malformed);
    expect(inward.unprotectRtp(packet, 0, packet.length)).toBe(52);
  });

  it("protects nothing that would not fit", () => {
    const out = createOutboundSrtp({ master, primitives });
    const { packet } = rtpPacket({ sequence: 1 });
    const tight = inRoom(packet, 0, out.rtpOverhead - 1);
    const before = toHex(tight);
    expect(out.protectRtp(tight, 0, 12, packet.length - 12)).toBe(SrtpFailure.noRoom);
    expect(out.protectRtp(tight, -1, 12, 4)).toBe(SrtpFailure.noRoom);
    expect(out.protectRtp(tight, 0, 11, 4)).toBe(SrtpFailure.malformed);
    expect(out.protectRtp(tight, 0, 12, -1)).toBe(SrtpFailure.malformed);
    expect(out.protectRtcp(tight, 0, packet.length)).toBe(SrtpFailure.noRoom);
    expect(out.protectRtcp(tight, 0, 7)).toBe(SrtpFailure.malformed);
    expect(toHex(tight)).toBe(before);
    expect(out.protectRtp(inRoom(packet, 0, out.rtpOverhead), 0, 12, packet.length - 12)).toBeGreaterThan(0);
  });

  it("remembers no SSRC of unauthentic packets, and no more authentic ones than it may", () => {
    const inward = createInboundSrtp({ master, primitives, maxStreams: 4 });
    for (let ssrc = 100; ssrc < 400; ssrc++) {
      const forged = rtpPacket({ sequence: 1, ssrc, payload: new Uint8Array(60) }).packet;
      expect(inward.unprotectRtp(forged, 0, forged.length)).toBe(SrtpFailure.unauthentic);
    }
    for (let ssrc = 1; ssrc <= 6; ssrc++) {
      const sealed = sealedRtp(9, ssrc);
      expect(inward.unprotectRtp(sealed, 0, sealed.length)).toBe(ssrc <= 4 ? 52 : SrtpFailure.tooManyStreams);
    }
    const known = sealedRtp(10, 4);
    expect(inward.unprotectRtp(known, 0, known.length)).toBe(52);
    expect(inward.counters).toMatchObject({ rtp: 5, tooManyStreams: 2, unauthentic: 300 });
  });

  it("survives any bytes, alone and after a true packet, and counts each of them once", {
    timeout: 5000 + fuzzRuns,
  }, () => {
    const inward = createInboundSrtp({ master, primitives });
    const first = sealedRtp(1);
    inward.unprotectRtp(first, 0, first.length);
    const mutated = fc
      .tuple(
        fc.constantFrom(sealedRtp(2), sealedRtcp()),
        fc.array(fc.tuple(fc.nat(80), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 4 }),
      )
      .map(([packet, edits]) => {
        const copy = packet.slice();
        for (const [at, value] of edits) copy[at % copy.length]! ^= value | 1;
        // Two edits may have undone each other.
        if (toHex(copy) === toHex(packet)) copy[0]! ^= 1;
        return copy;
      });
    let fed = 0;
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), bytes => {
        fed += 2;
        const before = toHex(bytes);
        expect(inward.unprotectRtp(bytes, 0, bytes.length)).toBeLessThan(0);
        expect(inward.unprotectRtcp(bytes, 0, bytes.length)).toBeLessThan(0);
        expect(toHex(bytes)).toBe(before);
      }),
      { numRuns: fuzzRuns },
    );
    const { rtp, rtcp, ...failures } = inward.counters;
    expect([rtp, rtcp]).toEqual([1, 0]);
    expect(Object.values(failures).reduce((sum, count) => sum + count, 0)).toBe(fed);
  });
});
