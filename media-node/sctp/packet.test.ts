import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz } from "../testing/fuzz.ts";
import {
  encodeData,
  encodeForwardTsn,
  encodeInit,
  encodeSack,
  parseData,
  parseForwardTsn,
  parseInit,
  parseSack,
} from "./chunks.ts";
import { crc32c } from "./crc32c.ts";
import { parseOpen } from "./dcep.ts";
import { ChunkType, readPacket, readParameters, writeChunk, writePacket } from "./packet.ts";
import { encodeOpen } from "./testing/pair.ts";

describe("packets", () => {
  it("are read back chunk by chunk, padding left out", () => {
    const bytes = writePacket(7, [writeChunk(4, 1, Buffer.from("abc")), writeChunk(11, 0)]);
    expect(bytes.length).toBe(12 + 8 + 4);
    const packet = readPacket(bytes)!;
    expect(packet.verificationTag).toBe(7);
    expect(packet.chunks.map(({ type, flags, value }) => [type, flags, value.toString()])).toEqual([
      [4, 1, "abc"],
      [11, 0, ""],
    ]);
  });

  it("are refused with a wrong checksum, port, or a chunk that overruns", () => {
    const sealed = (bytes: Buffer): Buffer => {
      bytes.writeUInt32LE(crc32c(bytes, 8), 8);
      return bytes;
    };
    const good = () => Buffer.from(writePacket(7, [writeChunk(4, 1, Buffer.from("abcd"))]));
    expect(readPacket(sealed(good()))).toBeDefined();
    const damaged = good();
    damaged[17]! ^= 1;
    expect(readPacket(damaged)).toBeUndefined();
    const otherPort = good();
    otherPort[3] = 1;
    expect(readPacket(sealed(otherPort))).toBeUndefined();
    for (const length of [0, 3, 9, 65_535]) {
      const lying = good();
      lying.writeUInt16BE(length, 14);
      expect(readPacket(sealed(lying))).toBeUndefined();
    }
    expect(readPacket(good().subarray(0, 12))).toBeUndefined();
    expect(readPacket(writePacket(7, [writeChunk(4, 1, Buffer.alloc(4_096))]))).toBeUndefined();
  });
});

describe("chunks", () => {
  it("survive encoding and parsing", () => {
    const init = { tag: 1, window: 2, outboundStreams: 3, inboundStreams: 4, initialTsn: 5 };
    const value = (chunk: Uint8Array) => readPacket(writePacket(0, [chunk]))!.chunks[0]!.value;
    const cookie = Buffer.from("cookie");
    expect(parseInit(value(encodeInit(ChunkType.initAck, init, cookie)))).toEqual({
      ...init,
      forwardTsn: true,
      cookie,
    });
    const sack = {
      cumulativeTsn: 1,
      window: 2,
      gaps: [
        [2, 3],
        [5, 5],
      ] as [number, number][],
    };
    expect(parseSack(value(encodeSack(sack)))).toEqual(sack);
    const forward = {
      cumulativeTsn: 9,
      skips: [
        [1, 2],
        [3, 4],
      ] as [number, number][],
    };
    expect(parseForwardTsn(value(encodeForwardTsn(forward)))).toEqual(forward);
  });

  it("INIT without a tag or without streams is no INIT", () => {
    const init = { tag: 1, window: 2, outboundStreams: 3, inboundStreams: 4, initialTsn: 5 };
    for (const fault of [{ tag: 0 }, { outboundStreams: 0 }, { inboundStreams: 0 }]) {
      const chunk = encodeInit(ChunkType.init, { ...init, ...fault });
      expect(parseInit(Buffer.from(chunk.subarray(4)))).toBeUndefined();
    }
  });

  it("no parser throws, whatever the bytes", { timeout: FUZZ_TIMEOUT }, () => {
    const init = { tag: 1, window: 2, outboundStreams: 3, inboundStreams: 4, initialTsn: 5 };
    const data = { flags: 3, tsn: 1, stream: 2, ssn: 3, ppid: 53, payload: Buffer.from("payload") };
    const samples = [
      encodeInit(ChunkType.init, init, Buffer.from("cookie")),
      encodeSack({ cumulativeTsn: 1, window: 2, gaps: [[2, 3]] }),
      encodeForwardTsn({ cumulativeTsn: 9, skips: [[1, 2]] }),
      encodeData(data),
    ];
    fuzz([...samples, encodeOpen({ label: "label", protocol: "protocol" })], bytes => {
      const value = bytes.subarray(4);
      for (const parse of [parseInit, parseSack, parseForwardTsn, readParameters]) parse(value);
      parseData(3, value);
      parseOpen(1, bytes);
      readPacket(bytes);
      const packet = Buffer.concat([writePacket(1, []), bytes]);
      packet.writeUInt32LE(crc32c(packet, 8), 8);
      readPacket(packet);
    });
  });
});
