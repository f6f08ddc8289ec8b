import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { createFramedConnection, MAX_FRAME, MAX_QUEUED } from "./framed-connection.ts";

/** A connection whose writes are kept. */
function connection(writableLength = 0) {
  const written: Buffer[] = [];
  const packets: number[][] = [];
  const counters = { received: 0, sent: 0, dropped: 0 };
  const writer = { writableLength, write: (bytes: Buffer) => written.push(bytes) };
  const framed = createFramedConnection(
    writer,
    counters,
    (bytes, offset, length) => packets.push([...bytes.subarray(offset, offset + length)]) > 0,
  );
  return { framed, packets, written, counters, writer };
}

const frame = (packet: Uint8Array): Buffer => Buffer.concat([Buffer.of(packet.length >> 8, packet.length), packet]);

describe("what comes over a stream", () => {
  it("is the same packets wherever the stream was cut", () => {
    const packets = [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(300).fill(7), Uint8Array.of(9)];
    const whole = Buffer.concat(packets.map(frame));
    for (let first = 0; first <= whole.length; first++) {
      for (const second of [first, Math.min(first + 1, whole.length), whole.length]) {
        const to = connection();
        for (const part of [whole.subarray(0, first), whole.subarray(first, second), whole.subarray(second)])
          expect(to.framed.receive(part, 1)).toBe(true);
        expect(to.packets).toEqual(packets.map(packet => [...packet]));
        expect(to.framed.partialSince).toBe(0);
      }
    }
  });

  it("is bounded whatever it is, and never more than was sent", { timeout: FUZZ_TIMEOUT }, () => {
    const samples = [frame(new Uint8Array(20)), Buffer.concat([frame(new Uint8Array(5)), frame(new Uint8Array(90))])];
    let bytesDelivered = 0;
    const counters = { received: 0, sent: 0, dropped: 0 };
    fuzz(samples, (bytes, random) => {
      bytesDelivered = 0;
      const framed = createFramedConnection({ writableLength: 0, write() {} }, counters, (_bytes, _offset, length) => {
        bytesDelivered += length + 2;
        return length <= MAX_FRAME;
      });
      let isOpen = true;
      let at = 0;
      while (isOpen && at < bytes.length) {
        const size = random.integer(1, 50);
        isOpen = framed.receive(bytes.subarray(at, at + size), 1);
        at += size;
        must(bytesDelivered <= at, "more than was sent");
      }
      must(!isOpen || framed.partialSince === Number(bytesDelivered < bytes.length), "what is under way");
    });
  });

  it("ends with a length that no packet has, before a byte of it was kept", () => {
    const { framed, packets } = connection();
    expect(framed.receive(Buffer.concat([frame(Uint8Array.of(1)), Buffer.of(0xff, 0xff)]), 1)).toBe(false);
    expect(packets).toEqual([[1]]);
    expect(connection().framed.receive(frame(new Uint8Array(MAX_FRAME)), 1)).toBe(true);
    expect(connection().framed.receive(Buffer.of((MAX_FRAME + 1) >> 8, MAX_FRAME + 1), 1)).toBe(false);
  });

  it("tells since when a packet is under way: each has its own time", () => {
    const { framed } = connection();
    framed.receive(Buffer.of(0), 100);
    framed.receive(Buffer.of(2, 1), 200);
    expect(framed.partialSince).toBe(100);
    framed.receive(Buffer.of(1, 0), 300);
    expect(framed.partialSince).toBe(300);
    framed.receive(Buffer.of(0), 400);
    expect(framed.partialSince).toBe(0);
  });
});

describe("what goes over a stream", () => {
  it("is one write a run, and reads as the packets that it was made of", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1_400 }),
        fc.integer({ min: 1, max: 12 }),
        fc.nat(1_399),
        fc.nat(50),
        (size, count, less, offset) => {
          const slab = new Uint8Array(20_000).map((_, i) => i * 31);
          const last = size - (less % size);
          const length = size * (count - 1) + last;
          const from = connection();
          from.framed.send(slab, offset, length, size);
          expect(from.written.length).toBe(1);
          expect(from.counters.sent).toBe(count);
          const to = connection();
          to.framed.receive(from.written[0]!, 1);
          expect(to.packets.map(packet => packet.length)).toEqual([...new Array<number>(count - 1).fill(size), last]);
          expect(Buffer.from(to.packets.flat())).toEqual(Buffer.from(slab.subarray(offset, offset + length)));
        },
      ),
    );
  });

  it("is lost, whole packets of it, when the peer doesn't read; and goes on when it does", () => {
    const { framed, written, counters, writer } = connection(MAX_QUEUED - 1_000);
    const slab = new Uint8Array(5_000);
    framed.send(slab, 0, 2_400, 1_200);
    framed.send(slab, 0, 900, 900);
    expect(counters).toMatchObject({ sent: 1, dropped: 2 });
    writer.writableLength = 0;
    framed.send(slab, 0, 2_400, 1_200);
    expect(counters).toMatchObject({ sent: 3, dropped: 2 });
    expect(written.map(({ length }) => length)).toEqual([902, 2_404]);
  });
});
