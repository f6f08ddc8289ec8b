import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RtpHeader, SrtcpSession, SrtpSession } from "werift";
import { SrtpFailure } from "./failure.ts";
import { createInboundSrtp } from "./inbound.ts";
import { createOutboundSrtp } from "./outbound.ts";
import { combinations, inRoom, masterKey, rtcpPacket, rtpPacket, toHex } from "./testing/packets.ts";

const shapes = fc.record({
  sequence: fc.integer({ min: 0, max: 0xffff }),
  ssrc: fc.integer({ min: 0, max: 0xffffffff }),
  csrcs: fc.integer({ min: 0, max: 15 }),
  extensionWords: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
  payload: fc.uint8Array({ maxLength: 1300 }),
  padding: fc.integer({ min: 0, max: 255 }),
});

describe.each(combinations)("$name", ({ profile, primitives }) => {
  const ours = masterKey(profile, 1);
  const theirs = masterKey(profile, 2);
  const pair = () => ({
    out: createOutboundSrtp({ master: ours, primitives }),
    inward: createInboundSrtp({ master: ours, primitives }),
  });
  const weriftConfig = {
    profile: profile.id as 1 | 7,
    keys: {
      localMasterKey: Buffer.from(theirs.key),
      localMasterSalt: Buffer.from(theirs.salt),
      remoteMasterKey: Buffer.from(ours.key),
      remoteMasterSalt: Buffer.from(ours.salt),
    },
  };

  function protect(out: ReturnType<typeof pair>["out"], packet: Uint8Array, headerLength: number): Uint8Array {
    const buffer = inRoom(packet);
    const length = out.protectRtp(buffer, 0, headerLength, packet.length - headerLength);
    expect(length).toBe(packet.length + out.rtpOverhead);
    return buffer.slice(0, length);
  }

  it("carries RTP of any shape to itself and to werift, and back, at any offset", () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 0, max: 9 }), (shape, offset) => {
        const { out, inward } = pair();
        const { packet, headerLength } = rtpPacket(shape);
        const sealed = protect(out, packet, headerLength);
        const buffer = inRoom(sealed, offset, 0);
        expect(inward.unprotectRtp(buffer, offset, sealed.length)).toBe(packet.length);
        expect(toHex(buffer.subarray(offset, offset + packet.length))).toBe(toHex(packet));

        const peer = new SrtpSession(weriftConfig);
        expect(toHex(peer.decrypt(Buffer.from(sealed)))).toBe(toHex(packet));
        const header = RtpHeader.deSerialize(Buffer.from(packet));
        const fromPeer = new Uint8Array(peer.encrypt(Buffer.from(packet.subarray(headerLength)), header));
        const fromWerift = createInboundSrtp({ master: theirs, primitives });
        expect(fromWerift.unprotectRtp(fromPeer, 0, fromPeer.length)).toBe(packet.length);
        expect(toHex(fromPeer.subarray(headerLength, packet.length))).toBe(toHex(packet.subarray(headerLength)));
        for (const context of [out, inward, fromWerift]) context.close();
      }),
      { numRuns: 60 },
    );
  });

  it("carries RTCP to itself and to werift, and back", () => {
    const { out, inward } = pair();
    const peer = new SrtcpSession(weriftConfig);
    const fromWerift = createInboundSrtp({ master: theirs, primitives });
    for (let round = 0; round < 5; round++) {
      const packet = rtcpPacket(
        99,
        Uint8Array.from({ length: round * 4 }, (_, i) => i),
      );
      const buffer = inRoom(packet, 2);
      const length = out.protectRtcp(buffer, 2, packet.length);
      expect(length).toBe(packet.length + out.rtcpOverhead);
      const sealed = buffer.slice(2, 2 + length);
      expect(toHex(peer.decrypt(Buffer.from(sealed)))).toBe(toHex(packet));
      expect(inward.unprotectRtcp(buffer, 2, length)).toBe(packet.length);
      expect(toHex(buffer.subarray(2, 2 + packet.length))).toBe(toHex(packet));
      const fromPeer = new Uint8Array(peer.encrypt(Buffer.from(packet)));
      expect(fromWerift.unprotectRtcp(fromPeer, 0, fromPeer.length)).toBe(packet.length);
      expect(toHex(fromPeer.subarray(0, packet.length))).toBe(toHex(packet));
    }
  });

  it("delivers every packet that arrives once, through wraps, loss, reordering and duplicates", () => {
    const plan = fc.array(
      fc.record({ skip: fc.integer({ min: 1, max: 20_000 }), late: fc.boolean(), twice: fc.boolean() }),
      { minLength: 5, maxLength: 25 },
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffff }), plan, (first, steps) => {
        const { out, inward } = pair();
        let held: Uint8Array | undefined;
        let index = first;
        const deliver = (sealed: Uint8Array) => inward.unprotectRtp(sealed.slice(), 0, sealed.length);
        const seal = (sequence: number) => protect(out, rtpPacket({ sequence }).packet, 12);
        expect(deliver(seal(index & 0xffff))).toBeGreaterThan(0);
        for (const step of steps) {
          const newer = step.late ? step.skip + 1 : step.skip;
          if (step.late) held = seal((index + step.skip) & 0xffff);
          index += newer;
          const sealed = seal(index & 0xffff);
          expect(deliver(sealed)).toBeGreaterThan(0);
          if (held) expect(deliver(held)).toBeGreaterThan(0);
          held = undefined;
          if (step.twice) expect(deliver(sealed)).toBe(SrtpFailure.replayed);
        }
        out.close();
        inward.close();
      }),
      { numRuns: 40 },
    );
  });

  it("picks up a stream that wrapped before its first packet arrived", () => {
    const { out, inward } = pair();
    protect(out, rtpPacket({ sequence: 65_530 }).packet, 12);
    const sealed = protect(out, rtpPacket({ sequence: 20 }).packet, 12);
    expect(inward.unprotectRtp(sealed, 0, sealed.length)).toBe(32);
    const next = protect(out, rtpPacket({ sequence: 21 }).packet, 12);
    expect(inward.unprotectRtp(next, 0, next.length)).toBe(32);
  });

  it("sends a late packet under its own index, and no index twice", () => {
    const { out, inward } = pair();
    const sequences = [65_533, 65_535, 1, 65_534, 0, 2];
    for (const sequence of sequences) {
      const sealed = protect(out, rtpPacket({ sequence }).packet, 12);
      expect(inward.unprotectRtp(sealed, 0, sealed.length)).toBe(32);
    }
    const again = inRoom(rtpPacket({ sequence: 65_534 }).packet);
    const untouched = again.slice();
    expect(out.protectRtp(again, 0, 12, 20)).toBe(SrtpFailure.replayed);
    expect(toHex(again)).toBe(toHex(untouched));
    protect(out, rtpPacket({ sequence: 2000 }).packet, 12);
    expect(out.protectRtp(inRoom(rtpPacket({ sequence: 3 }).packet), 0, 12, 20)).toBe(SrtpFailure.tooOld);
    expect(out.counters).toMatchObject({ rtp: 7, replayed: 1, tooOld: 1 });
  });

  it("refuses replayed RTCP, also of another sender's SSRC under the same keys", () => {
    const { out, inward } = pair();
    const sealed = [1, 2, 1].map(ssrc => {
      const buffer = inRoom(rtcpPacket(ssrc));
      return buffer.slice(0, out.protectRtcp(buffer, 0, 8));
    });
    for (const packet of [2, 1, 0]) {
      expect(inward.unprotectRtcp(sealed[packet]!.slice(), 0, sealed[packet]!.length)).toBe(8);
    }
    for (const packet of sealed) {
      expect(inward.unprotectRtcp(packet.slice(), 0, packet.length)).toBe(SrtpFailure.replayed);
    }
    expect(inward.counters).toMatchObject({ rtcp: 3, replayed: 3 });
  });

  it("refuses to work when closed, and closes twice without harm", () => {
    const { out, inward } = pair();
    const sealed = protect(out, rtpPacket({ sequence: 1 }).packet, 12);
    for (const context of [out, inward]) {
      context.close();
      context.close();
    }
    expect(inward.unprotectRtp(sealed, 0, sealed.length)).toBe(SrtpFailure.unusable);
    expect(inward.unprotectRtcp(sealed, 0, sealed.length)).toBe(SrtpFailure.unusable);
    expect(out.protectRtp(inRoom(sealed), 0, 12, 20)).toBe(SrtpFailure.unusable);
    expect(out.protectRtcp(inRoom(rtcpPacket(1)), 0, 8)).toBe(SrtpFailure.unusable);
  });
});
