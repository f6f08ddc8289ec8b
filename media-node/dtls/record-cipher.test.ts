import { createSecretKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { openRecord, sealRecord } from "./record-cipher.ts";
import { readRecord } from "./record-reader.ts";
import { createRecordWriter } from "./record-writer.ts";

const keys = { key: createSecretKey(Buffer.alloc(16, 1)), salt: new Uint8Array(4).fill(2) };

describe("records", () => {
  it("open to what was sealed, and not when any byte is changed", () => {
    const payload = Buffer.from("some payload");
    const record = sealRecord(keys, 23, 1, 2 ** 40 + 5, payload);
    expect(Buffer.from(openRecord(keys, record)!)).toEqual(payload);
    for (let at = 0; at < record.length; at++) {
      // The length field (11, 12) is not authenticated itself: the length of the record is.
      if (at === 11 || at === 12) continue;
      const forged = new Uint8Array(record);
      forged[at]! ^= 1;
      expect(openRecord(keys, forged)).toBeUndefined();
    }
    for (let length = 0; length < record.length; length++) {
      if (length >= 13) expect(openRecord(keys, record.subarray(0, length))).toBeUndefined();
    }
  });

  it("are read back with the header they were written with", () => {
    const writer = createRecordWriter();
    writer.protect(keys);
    const datagram = Buffer.concat([writer.plain(22, Buffer.from("abc")), writer.sealed(23, Buffer.from("d"))]);
    const first = readRecord(datagram, 0)!;
    expect([first.type, first.epoch, first.sequence, first.bytes.length]).toEqual([22, 0, 0, 16]);
    const second = readRecord(datagram, 16)!;
    expect([second.type, second.epoch, second.sequence, second.bytes.length]).toEqual([23, 1, 0, 38]);
    expect(readRecord(datagram, 17)).toBeUndefined();
    expect(readRecord(datagram.subarray(0, 50), 16)).toBeUndefined();
  });

  it("never get keys installed twice, nor a seal without keys", () => {
    const writer = createRecordWriter();
    expect(() => writer.sealed(23, Buffer.from("d"))).toThrow("not installed");
    writer.protect(keys);
    expect(() => writer.protect(keys)).toThrow("already");
  });
});
