import { describe, expect, it } from "vitest";
import { createPayloadInfo } from "../codec/codec.ts";
import { CODECS } from "../codec/codecs.ts";
import { packVp8, vp8 } from "../codec/vp8.ts";
import {
  audioLevelByte,
  createExtensionFields,
  createExtensionMap,
  EXTENSION,
  NO_LEVEL,
  readExtensions,
  toAbsoluteSendTime,
} from "../rtp/header-extensions.ts";
import { type Captured, createTestLayer, createTestSlot, feed } from "../testing/stream-kit.ts";

const ids = { audioLevel: 1, absoluteSendTime: 3, transportNumber: 5 };

function extensionsOf(packet: Captured) {
  const fields = createExtensionFields();
  expect(readExtensions(packet.bytes, packet, createExtensionMap(ids), fields)).toBe(true);
  const { bytes } = packet;
  return {
    level: audioLevelByte(bytes, fields),
    sendTime: bytes.readUIntBE(fields.offset[EXTENSION.absoluteSendTime]!, 3),
    transportNumber: bytes.readUInt16BE(fields.offset[EXTENSION.transportNumber]!),
  };
}

/** A payload of a certain size: VP8, in the middle of a frame. */
const sized = (length: number) => ({ payload: Buffer.alloc(length, 0x00) });

describe("the writer", () => {
  it("writes the slot's header: marker, types, numbers, the source as CSRC", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer(CODECS.vp8, 0x0102_0304);
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true, marker: true });
    feed(layer, 0, { sequence: 2, timestamp: 90 });
    const [first, second] = drain(0);
    expect(first).toMatchObject({
      marker: true,
      payloadType: 96,
      sequence: 100,
      timestamp: 10_000,
      ssrc: 1_000,
      csrcCount: 1,
      csrc: 0x0102_0304,
      headerLength: 16,
    });
    expect(second).toMatchObject({ marker: false, timestamp: 10_090 });
  });

  it("puts the slot's picture id into the payload and leaves the rest alone", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true, pictureId: 900 });
    const [first] = drain(0);
    const info = createPayloadInfo();
    vp8.inspect(first!.payload, 0, first!.payload.length, 0, info);
    expect(info).toMatchObject({ keyFrame: true, descriptor: packVp8(1, 1, 1) });
    expect(first!.payload.subarray(6)).toEqual(Buffer.from([0, 7, 7]));
  });

  it("stamps departure, and copies the audio level where the receiver takes it", () => {
    const { slot, drain } = createTestSlot("audio", { extensions: ids });
    const { layer } = createTestLayer(CODECS.opus, 16);
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, level: 0x80 | 33 });
    feed(layer, 20, { sequence: 2, timestamp: 960 });
    const [first, second] = drain(1_234.5);
    expect(extensionsOf(first!)).toEqual({
      level: 0x80 | 33,
      sendTime: toAbsoluteSendTime(1_234.5),
      transportNumber: 0,
    });
    expect(extensionsOf(second!)).toEqual({
      level: NO_LEVEL,
      sendTime: toAbsoluteSendTime(1_234.5),
      transportNumber: 1,
    });
    expect(second!.payload).toEqual(Buffer.from([31 << 3, 1, 2, 3]));
  });

  it("lays packets of one size side by side, with a shorter one at the end", () => {
    const { slot, drain, runs } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    drain(0);
    runs.length = 0;
    let sequence = 1;
    for (const length of [500, 500, 500, 200, 600, 600, 700, 700])
      feed(layer, 0, { sequence: ++sequence, ...sized(length) });
    const sent = drain(0);
    const overhead = 16 + 16;
    expect(runs).toEqual([
      { path: 3, segmentSize: 500 + overhead, totalLength: 3 * (500 + overhead) + 200 + overhead },
      { path: 3, segmentSize: 600 + overhead, totalLength: 2 * (600 + overhead) },
      { path: 3, segmentSize: 700 + overhead, totalLength: 2 * (700 + overhead) },
    ]);
    expect(sent.map(packet => packet.sequence)).toEqual([101, 102, 103, 104, 105, 106, 107, 108]);
    expect(sent.map(packet => packet.payloadLength)).toEqual([500, 500, 500, 200, 600, 600, 700, 700]);
  });

  it("ends a run at 64 packets and at 65,000 bytes", () => {
    const { slot, drain, runs } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    drain(0);
    runs.length = 0;
    for (let i = 2; i <= 150; i++) feed(layer, 0, { sequence: i, ...sized(100) });
    drain(0);
    expect(runs.map(({ totalLength }) => totalLength / 132)).toEqual([64, 64, 21]);
    runs.length = 0;
    for (let i = 151; i <= 210; i++) feed(layer, 0, { sequence: i, ...sized(1_400) });
    drain(0);
    expect(runs.map(({ totalLength }) => totalLength / 1_432)).toEqual([45, 15]);
  });

  it("drops and counts what its ring has overwritten, and what has no path", () => {
    const { slot, drain, writer } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    layer.close();
    expect(drain(0)).toEqual([]);
    expect(writer.dropped).toBe(1);
    const other = createTestLayer();
    slot.select(other.layer, 0);
    writer.path = -1;
    feed(other.layer, 0, { sequence: 1, key: true });
    expect(drain(0)).toEqual([]);
    expect([writer.dropped, writer.packets]).toEqual([2, 0]);
  });

  it("counts for reports what was sent for the first time", () => {
    const { slot, drain, writer } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    feed(layer, 0, { sequence: 1, key: true });
    feed(layer, 0, { sequence: 2, ...sized(500) });
    drain(0);
    slot.resend(100, 50, 0);
    drain(50);
    expect([slot.packets, slot.octets, writer.packets, writer.resent]).toEqual([2, 509, 3, 1]);
  });

  it("empties a full queue early rather than losing anything", () => {
    const { slot, drain } = createTestSlot();
    const { layer } = createTestLayer();
    slot.select(layer, 0);
    for (let i = 1; i <= 300; i++) feed(layer, 0, { sequence: i, key: i === 1, timestamp: i });
    expect(drain(0).length).toBe(300);
  });
});
