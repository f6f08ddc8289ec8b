import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createInputPacket, createMixPacket, readInput, readMix, writeInput, writeMix } from "./packet-records.ts";
import { createQueueMemory, SharedQueue } from "./shared-queue.ts";

function open(size: number): { writer: SharedQueue; reader: SharedQueue } {
  const memory = createQueueMemory(size);
  return { writer: new SharedQueue(memory), reader: new SharedQueue(memory) };
}

describe("the queue between threads", () => {
  it("hands records over in order and whole, and drops what finds no room", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 70 }), fc.constant(-1)), { maxLength: 400 }), steps => {
        const { writer, reader } = open(256);
        const expected: number[][] = [];
        let serial = 0;
        let dropped = 0;
        const read = (): void => {
          const at = reader.next();
          const record = expected.shift();
          if (record === undefined) expect(at).toBe(-1);
          else {
            expect([...reader.bytes.subarray(at, at + reader.lengthAt(at))]).toEqual(record);
            reader.release();
          }
        };
        for (const length of steps) {
          if (length < 0) {
            read();
            continue;
          }
          const at = writer.open(length);
          if (at < 0) dropped++;
          else {
            const record = Array.from({ length }, () => serial++ & 0xff);
            writer.bytes.set(record, at);
            writer.commit();
            expected.push(record);
          }
        }
        while (expected.length > 0) read();
        expect(reader.next()).toBe(-1);
        expect(writer.dropped).toBe(dropped);
      }),
    );
  });

  it("is never longer than its memory", () => {
    const { writer, reader } = open(1_024);
    let taken = 0;
    while (writer.open(56) >= 0) {
      writer.commit();
      taken++;
    }
    expect(taken).toBe(16);
    reader.next();
    reader.release();
    expect(writer.open(56)).toBeGreaterThanOrEqual(0);
  });

  it("carries packets to the mixer and mixes back", () => {
    const { writer, reader } = open(4_096);
    const bytes = Uint8Array.of(9, 1, 2, 3, 9);
    expect(writeInput(writer, 3, 0xffff_fff0, "g722", 65_535, 0xffff_ffff, 127, bytes, 1, 3, 1.7e12 + 0.25)).toBe(true);
    expect(writeInput(writer, 3, 16, "opus", 0, 0, -1, bytes, 0, 0, 0)).toBe(true);
    const input = createInputPacket();
    expect(readInput(reader, input)).toBe(true);
    const { offset, length, ...fields } = input;
    expect(fields).toEqual({
      room: 3,
      input: 0xffff_fff0,
      codec: "g722",
      sequence: 65_535,
      timestamp: 0xffff_ffff,
      level: 127,
      at: 1.7e12 + 0.25,
    });
    expect([...reader.bytes.subarray(offset, offset + length)]).toEqual([1, 2, 3]);
    reader.release();
    expect(readInput(reader, input)).toBe(true);
    expect(input).toMatchObject({ level: -1, codec: "opus", length: 0 });
    reader.release();
    expect(readInput(reader, input)).toBe(false);

    const mix = createMixPacket();
    expect(writeMix(writer, 4, 7, 960, 30, bytes, 5)).toBe(true);
    expect(readMix(reader, mix)).toBe(true);
    expect(mix).toMatchObject({ room: 4, stream: 7, timestamp: 960, level: 30, length: 5 });
    expect([...reader.bytes.subarray(mix.offset, mix.offset + mix.length)]).toEqual([...bytes]);
    reader.release();
    expect(readMix(reader, mix)).toBe(false);
  });
});
