import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { buildRtp } from "../testing/model-packets.ts";
import {
  audioLevelByte,
  createExtensionFields,
  createExtensionMap,
  EXTENSION,
  NO_LEVEL,
  readExtensions,
  textOf,
  toAbsoluteSendTime,
} from "./header-extensions.ts";
import { createRtpHeader, readRtp } from "./rtp-header.ts";

const map = createExtensionMap({ mid: 4, rid: 10, audioLevel: 1, absoluteSendTime: 3, transportNumber: 5 });
const packet = buildRtp({
  payloadType: 96,
  sequence: 1,
  timestamp: 1,
  ssrc: 1,
  extensions: [
    [1, Buffer.from([0x85])],
    [4, Buffer.from("video")],
    [9, Buffer.from("unknown")],
    [3, Buffer.from([0x01, 0x02, 0x03])],
    [5, Buffer.from([0xab, 0xcd])],
    [10, Buffer.from("h")],
  ],
});

function read(bytes: Buffer) {
  const header = createRtpHeader();
  const fields = createExtensionFields();
  expect(readRtp(bytes, 0, bytes.length, header)).toBe(true);
  return { taken: readExtensions(bytes, header, map, fields), fields };
}

/** A packet with a two-byte header extension (RFC 8285 §4.3). */
function twoByte(profile: number, ...elements: number[]): Buffer {
  while (elements.length % 4 !== 0) elements.push(0);
  const head = buildRtp({ payloadType: 96, sequence: 1, timestamp: 1, ssrc: 1 });
  head[0] = head[0]! | 0x10;
  return Buffer.concat([head, Buffer.from([profile >> 8, profile & 0xff, 0, elements.length / 4, ...elements])]);
}

describe("readExtensions", () => {
  it("finds what was negotiated in the one-byte form", () => {
    const { taken, fields } = read(packet);
    expect(taken).toBe(true);
    expect(audioLevelByte(packet, fields)).toBe(0x85);
    expect(textOf(packet, fields, EXTENSION.mid)).toBe("video");
    expect(textOf(packet, fields, EXTENSION.rid)).toBe("h");
    expect(textOf(packet, fields, EXTENSION.repairedRid)).toBe("");
    expect(packet.readUIntBE(fields.offset[EXTENSION.absoluteSendTime]!, 3)).toBe(0x010203);
    expect(packet.readUInt16BE(fields.offset[EXTENSION.transportNumber]!)).toBe(0xabcd);
  });

  it("finds them in the two-byte form, where an element may be empty", () => {
    const bytes = twoByte(0x1005, 0, 1, 0, 4, 3, 0x61, 0x62, 0x63, 5, 2, 0x12, 0x34);
    const { taken, fields } = read(bytes);
    expect(taken).toBe(true);
    expect(fields.length[EXTENSION.audioLevel]).toBe(0);
    expect(textOf(bytes, fields, EXTENSION.mid)).toBe("abc");
    expect(bytes.readUInt16BE(fields.offset[EXTENSION.transportNumber]!)).toBe(0x1234);
  });

  it("stops at id 15 and lets the first of a repeated id count", () => {
    const bytes = twoByte(0xbede, 0x40, 0x61, 0x40, 0x62, 0xf0, 0x10, 0x99);
    const { taken, fields } = read(bytes);
    expect(taken).toBe(true);
    expect(textOf(bytes, fields, EXTENSION.mid)).toBe("a");
    expect(fields.offset[EXTENSION.audioLevel]).toBe(-1);
  });

  it("refuses an element that reaches beyond the extension", () => {
    expect(read(twoByte(0xbede, 0x10, 1, 0, 0x4f)).taken).toBe(false);
    expect(read(twoByte(0x1000, 4, 200, 1, 1)).taken).toBe(false);
    expect(read(twoByte(0x1000, 1, 1, 0, 4)).taken).toBe(false);
  });

  it("skips an extension of an unknown profile", () => {
    const { taken, fields } = read(twoByte(0x1234, 0x10, 0x85));
    expect(taken).toBe(true);
    expect([...fields.offset].every(offset => offset === -1)).toBe(true);
  });

  it("knows no level where none came, an empty one came, or the one that stands for none", () => {
    const level = (...elements: number[]) => {
      const bytes = twoByte(0x1000, ...elements);
      return audioLevelByte(bytes, read(bytes).fields);
    };
    expect(level(4, 1, 0x61)).toBe(NO_LEVEL);
    expect(level(1, 0, 4, 1, 0x61)).toBe(NO_LEVEL);
    expect(level(1, 1, 255)).toBe(127);
    expect(level(1, 1, 0x80)).toBe(0x80);
  });

  it("stays within the extension for any bytes", { timeout: FUZZ_TIMEOUT }, () => {
    const header = createRtpHeader();
    const fields = createExtensionFields();
    fuzz([packet, twoByte(0x1000, 0, 1, 0, 4, 3, 0x61, 0x62, 0x63, 5, 2, 0x12, 0x34)], bytes => {
      if (!readRtp(bytes, 0, bytes.length, header) || !readExtensions(bytes, header, map, fields)) return;
      const end = header.extensionOffset + header.extensionLength;
      for (const [kind, offset] of fields.offset.entries()) {
        if (offset < 0) continue;
        must(offset > header.extensionOffset && offset + fields.length[kind]! <= end, `extension ${kind}`);
      }
    });
  });
});

describe("createExtensionMap", () => {
  it("refuses ids that no extension can have", () => {
    expect(() => createExtensionMap({ mid: 0 })).toThrow(RangeError);
    expect(() => createExtensionMap({ mid: 256 })).toThrow(RangeError);
    expect(() => createExtensionMap({ mid: 1.5 })).toThrow(RangeError);
  });
});

describe("toAbsoluteSendTime", () => {
  it("counts 6.18 fixed point seconds and wraps every 64", () => {
    expect(toAbsoluteSendTime(1_000)).toBe(1 << 18);
    expect(toAbsoluteSendTime(500)).toBe(1 << 17);
    expect(toAbsoluteSendTime(64_000)).toBe(0);
    expect(toAbsoluteSendTime(1_700_000_000_250)).toBe(toAbsoluteSendTime(1_700_000_000_250 % 64_000));
  });
});
