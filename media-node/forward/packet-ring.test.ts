import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPayloadInfo } from "../codec/codec.ts";
import { CODECS } from "../codec/codecs.ts";
import { NO_LEVEL } from "../rtp/header-extensions.ts";
import { createRtpHeader } from "../rtp/rtp-header.ts";
import { PacketRing } from "./packet-ring.ts";

const info = createPayloadInfo();
const header = createRtpHeader();

function put(ring: PacketRing, index: number, payload: Buffer, timestamp = 0): number {
  header.payloadOffset = 0;
  header.payloadLength = payload.length;
  return ring.put(index, CODECS.opus, info, payload, header, timestamp, 0, NO_LEVEL);
}

describe("PacketRing", () => {
  it("finds what it holds, bit by bit, and nothing that it has overwritten", () => {
    const packet = fc.record({ skip: fc.integer({ min: -3, max: 9 }), length: fc.integer({ min: 0, max: 250 }) });
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 200 }), packets => {
        const ring = new PacketRing({ packets: 16, bytes: 1_024 });
        const all = new Map<number, Buffer>();
        let newest = 2 ** 33;
        let n = 0;
        for (const { skip, length } of packets) {
          const index = Math.max(newest + skip, newest - 15);
          const payload = Buffer.alloc(length, n++);
          put(ring, index, payload);
          all.set(index, payload);
          newest = Math.max(newest, index);
          expect(ring.find(index)).toBeGreaterThanOrEqual(0);
          for (const [other, expected] of all) {
            const place = ring.find(other);
            if (place < 0) continue;
            const at = ring.offset[place]!;
            expect(ring.bytes.subarray(at, at + ring.length[place]!).equals(expected)).toBe(true);
          }
        }
      }),
    );
  });

  it("keeps as many packets as it is made for", () => {
    const ring = new PacketRing({ packets: 16, bytes: 4_096 });
    for (let index = 0; index < 100; index++) put(ring, index, Buffer.alloc(200));
    expect(ring.find(84)).toBeGreaterThanOrEqual(0);
    expect(ring.find(83)).toBe(-1);
    expect(ring.find(100)).toBe(-1);
  });

  it("forgets packets whose bytes were overrun, though their place is not", () => {
    const ring = new PacketRing({ packets: 16, bytes: 1_024 });
    for (let index = 0; index < 8; index++) put(ring, index, Buffer.alloc(250));
    expect(ring.find(7)).toBeGreaterThanOrEqual(0);
    expect(ring.find(4)).toBeGreaterThanOrEqual(0);
    expect(ring.find(2)).toBe(-1);
  });

  it("refuses a payload that would push out most others", () => {
    const ring = new PacketRing({ packets: 16, bytes: 1_024 });
    expect(put(ring, 1, Buffer.alloc(257))).toBe(-1);
    expect(ring.find(1)).toBe(-1);
  });

  it("finds neighbours within bounds", () => {
    const ring = new PacketRing({ packets: 16, bytes: 1_024 });
    for (const index of [10, 13, 14]) put(ring, index, Buffer.alloc(10), index);
    expect(ring.timestamp[ring.previous(13, 5)]).toBe(10);
    expect(ring.previous(13, 11)).toBe(-1);
    expect(ring.timestamp[ring.next(10, 14)]).toBe(13);
    expect(ring.next(10, 12)).toBe(-1);
  });
});
