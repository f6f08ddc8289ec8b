import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPayloadInfo } from "../../codec/codec.ts";
import { h264 } from "../../codec/h264.ts";
import { FUZZ_TIMEOUT, fuzz, must } from "../../testing/fuzz.ts";
import { createAvcPacketizer, readAvcConfiguration } from "./avc.ts";
import { avcConfiguration, PPS, SPS, unit, units } from "./testing/encoder.ts";

const MAX = 1_000;
const packetizer = createAvcPacketizer(MAX);
const record = avcConfiguration();
const configuration = readAvcConfiguration(record, 0, record.length)!;

interface Payload {
  readonly bytes: Buffer;
  readonly last: boolean;
}

function packetize(frame: Buffer): Payload[] | undefined {
  const payloads: Payload[] = [];
  const taken = packetizer.packetize(configuration, frame, 0, frame.length, (bytes, offset, length, last) =>
    payloads.push({ bytes: Buffer.from(bytes.subarray(offset, offset + length)), last }),
  );
  return taken ? payloads : undefined;
}

/** As a receiver puts units together again (RFC 6184). */
function unitsOf(payloads: readonly Payload[]): Buffer[] {
  const out: Buffer[] = [];
  for (const { bytes } of payloads) {
    const type = bytes[0]! & 0x1f;
    if (type === 28) {
      if (bytes[1]! & 0x80) out.push(Buffer.of((bytes[0]! & 0xe0) | (bytes[1]! & 0x1f)));
      out.push(Buffer.concat([out.pop()!, bytes.subarray(2)]));
    } else if (type === 24) {
      for (let at = 1; at < bytes.length; at += 2 + bytes.readUInt16BE(at))
        out.push(bytes.subarray(at + 2, at + 2 + bytes.readUInt16BE(at)));
    } else out.push(bytes);
  }
  return out;
}

describe("H.264 from FLV", () => {
  it("comes out as it went in, in packets that fit, the last one marked", () => {
    const slice = fc.integer({ min: 2, max: 5_000 }).map(length => unit(1, length));
    fc.assert(
      fc.property(fc.array(slice, { minLength: 1, maxLength: 5 }), slices => {
        const payloads = packetize(units(...slices))!;
        expect(unitsOf(payloads)).toEqual(slices);
        expect(payloads.every(({ bytes }) => bytes.length <= MAX)).toBe(true);
        expect(payloads.map(({ last }) => last).lastIndexOf(false)).toBe(payloads.length - 2);
      }),
    );
  });

  it("has the parameter sets before every key frame that brings none", () => {
    const idr = unit(5, 3_000);
    const payloads = packetize(units(unit(6, 20), idr))!;
    expect(unitsOf(payloads)).toEqual([SPS, PPS, unit(6, 20), idr]);
    const info = createPayloadInfo();
    const [first] = payloads;
    expect(h264.inspect(first!.bytes, 0, first!.bytes.length, 0, info)).toBe(true);
    expect([info.keyFrame, info.parameterSets]).toEqual([true, true]);
    const own = unit(7, 30);
    expect(unitsOf(packetize(units(own, PPS, idr))!)).toEqual([own, PPS, idr]);
  });

  it("has them one by one where they are too long for one packet", () => {
    const sets = [unit(7, 700), unit(8, 700)] as const;
    const long = avcConfiguration(66, sets);
    const frame = units(unit(5, 10));
    const payloads: Payload[] = [];
    packetizer.packetize(
      readAvcConfiguration(long, 0, long.length)!,
      frame,
      0,
      frame.length,
      (bytes, at, length, last) => payloads.push({ bytes: Buffer.from(bytes.subarray(at, at + length)), last }),
    );
    expect(unitsOf(payloads)).toEqual([...sets, unit(5, 10)]);
  });

  it("leaves out delimiters and filling, also at the end", () => {
    const payloads = packetize(units(unit(9, 2), unit(1, 50), unit(12, 400)))!;
    expect(payloads).toEqual([{ bytes: unit(1, 50), last: true }]);
  });

  it.each([
    ["a unit longer than the frame", Buffer.of(0, 0, 0, 9, 0x61, 1)],
    ["a unit of nothing", Buffer.of(0, 0, 0, 0)],
    ["a rest", Buffer.concat([units(unit(1, 5)), Buffer.of(0, 0)])],
    ["a packet of RTP", units(unit(28, 5))],
  ])("takes nothing of a frame with %s", (_name, frame) => {
    expect(packetize(frame)).toBeUndefined();
  });

  it("tells a configuration, and whether browsers play it", () => {
    expect(configuration).toEqual({ lengthBytes: 4, parameterSets: [SPS, PPS], profile: 66, playable: true });
    for (const [profile, playable] of [
      [100, true],
      [110, false],
      [244, false],
    ] as const) {
      const other = avcConfiguration(profile);
      expect(readAvcConfiguration(other, 0, other.length)?.playable).toBe(playable);
    }
    for (let length = 0; length < record.length; length++)
      expect(readAvcConfiguration(record, 0, length), `${length}`).toBeUndefined();
  });

  it("takes no parameter sets that would make much of a small key frame", () => {
    const head = Buffer.of(1, 66, 0xc0, 31, 0xff, 0xe1, 0, SPS.length);
    const recordOf = (count: number): Buffer => {
      const pps = unit(8, 500);
      const one = Buffer.concat([Buffer.of(pps.length >> 8, pps.length & 0xff), pps]);
      return Buffer.concat([head, SPS, Buffer.of(count), ...Array.from({ length: count }, () => one)]);
    };
    const [few, many] = [recordOf(4), recordOf(9)];
    expect(readAvcConfiguration(few, 0, few.length)?.parameterSets).toHaveLength(5);
    expect(readAvcConfiguration(many, 0, many.length)).toBeUndefined();
  });

  it("stays within its bytes, whatever they are", { timeout: FUZZ_TIMEOUT }, () => {
    const samples = [units(unit(9, 2), unit(5, 200), unit(1, 30)), units(unit(1, 3)), record];
    const info = createPayloadInfo();
    const small = createAvcPacketizer(60);
    fuzz(samples, bytes => {
      const alone = readAvcConfiguration(bytes, 0, bytes.length);
      const beside = readAvcConfiguration(Buffer.concat([bytes, Buffer.alloc(40)]), 0, bytes.length);
      must((alone === undefined) === (beside === undefined), "neighbour");
      const guard = Buffer.concat([Buffer.alloc(2, 0xaa), bytes, Buffer.alloc(8, 0xaa)]);
      let taken = 0;
      small.packetize(configuration, guard, 2, bytes.length, (payload, offset, length) => {
        taken++;
        must(length > 0 && length <= 60 && h264.inspect(payload, offset, length, 0, info), "payload");
      });
      must(taken <= bytes.length + 1, "too many");
      must(
        guard.readUInt16BE(0) === 0xaaaa && guard.readBigUInt64BE(2 + bytes.length) === 0xaaaaaaaaaaaaaaaan,
        "guard",
      );
    });
  });
});
