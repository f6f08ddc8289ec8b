import { describe, expect, it } from "vitest";
import { RtpPacket } from "werift";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { buildRtp } from "../testing/model-packets.ts";
import { createRtpHeader, isRtcp, readRtp } from "./rtp-header.ts";

const plain = buildRtp({
  payloadType: 96,
  sequence: 65_535,
  timestamp: 0xfffffff0,
  ssrc: 0xdeadbeef,
  payload: Buffer.from("pay"),
});
const full = buildRtp({
  payloadType: 111,
  sequence: 7,
  timestamp: 9,
  ssrc: 3,
  marker: true,
  csrcs: [17, 33],
  extensions: [
    [1, Buffer.from([0x8a])],
    [4, Buffer.from("mid")],
  ],
  payload: Buffer.from("hello"),
  padding: 4,
});

describe("readRtp", () => {
  it("reads a plain header", () => {
    const header = createRtpHeader();
    expect(readRtp(plain, 0, plain.length, header)).toBe(true);
    expect(header).toMatchObject({
      marker: false,
      payloadType: 96,
      sequence: 65_535,
      timestamp: 0xfffffff0,
      ssrc: 0xdeadbeef,
      headerLength: 12,
      extensionProfile: 0,
      payloadOffset: 12,
      payloadLength: 3,
      paddingLength: 0,
    });
  });

  it("reads CSRCs, extension and padding, anywhere in a buffer", () => {
    const header = createRtpHeader();
    const buffer = Buffer.concat([Buffer.alloc(5, 0xff), full, Buffer.alloc(3, 0xff)]);
    expect(readRtp(buffer, 5, full.length, header)).toBe(true);
    expect(header).toMatchObject({ marker: true, csrcCount: 2, extensionProfile: 0xbede, paddingLength: 4 });
    const payload = buffer.subarray(header.payloadOffset, header.payloadOffset + header.payloadLength);
    expect(payload.toString()).toBe("hello");
  });

  it("takes a packet that is padding only", () => {
    const header = createRtpHeader();
    const packet = buildRtp({ payloadType: 96, sequence: 1, timestamp: 1, ssrc: 1, padding: 255 });
    expect(readRtp(packet, 0, packet.length, header)).toBe(true);
    expect(header.payloadLength).toBe(0);
  });

  const lies: [string, (packet: Buffer) => Buffer][] = [
    ["another version", packet => change(packet, 0, packet[0]! & 0x3f)],
    ["more CSRCs than bytes", packet => change(packet, 0, packet[0]! | 0x0f).subarray(0, 40)],
    ["an extension longer than the packet", packet => change(packet, 23, 200)],
    ["padding longer than the payload", packet => change(packet, packet.length - 1, 10)],
    ["padding of no length", packet => change(packet, packet.length - 1, 0)],
    ["less than a header", packet => packet.subarray(0, 11)],
    ["an extension header cut off", packet => packet.subarray(0, 22)],
  ];
  for (const [name, lie] of lies) {
    it(`refuses ${name}`, () => {
      const packet = lie(full);
      expect(readRtp(packet, 0, packet.length, createRtpHeader())).toBe(false);
    });
  }

  it("refuses a length beyond the buffer", () => {
    expect(readRtp(plain, 4, plain.length, createRtpHeader())).toBe(false);
  });

  it("stays within the packet for any bytes, and agrees with werift on what it takes", {
    timeout: FUZZ_TIMEOUT,
  }, () => {
    const header = createRtpHeader();
    fuzz([plain, full], (bytes, random) => {
      if (!readRtp(bytes, 0, bytes.length, header)) return;
      const { extensionOffset, extensionLength, payloadOffset, payloadLength, paddingLength } = header;
      must(payloadLength >= 0 && payloadOffset + payloadLength + paddingLength === bytes.length, "payload");
      must(extensionOffset + extensionLength <= payloadOffset, "extension");
      // Its parser is slow and reads beyond ends of extensions: a sample of plain packets.
      if (!random.chance(0.01) || header.extensionProfile !== 0) return;
      const oracle = RtpPacket.deSerialize(Buffer.from(bytes));
      expect([oracle.header.sequenceNumber, oracle.header.timestamp, oracle.header.ssrc]).toEqual([
        header.sequence,
        header.timestamp,
        header.ssrc,
      ]);
      expect(oracle.payload.length).toBe(header.payloadLength);
    });
  });
});

describe("isRtcp", () => {
  it("tells RTCP from RTP by the packet type", () => {
    expect(isRtcp(Buffer.from([0x80, 200]), 0, 2)).toBe(true);
    expect(isRtcp(Buffer.from([0x80, 206]), 0, 2)).toBe(true);
    expect(isRtcp(Buffer.from([0x80, 0x80 | 111]), 0, 2)).toBe(false);
    expect(isRtcp(Buffer.from([0x80, 96]), 0, 2)).toBe(false);
    expect(isRtcp(Buffer.from([0x80]), 0, 1)).toBe(false);
  });
});

function change(packet: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(packet);
  copy[at] = value;
  return copy;
}
