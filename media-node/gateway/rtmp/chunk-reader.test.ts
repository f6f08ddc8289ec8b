import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../../testing/fuzz.ts";
import { createChunkReader } from "./chunk-reader.ts";
import { basicHeader, chunksOf, type SentMessage } from "./testing/encoder.ts";

const LONGEST = 4_096;

function createSink(maxMessage = LONGEST) {
  const got: { type: number; timestamp: number; stream: number; body: Buffer }[] = [];
  const reader = createChunkReader({
    maxMessage: () => maxMessage,
    message({ type, timestamp, stream, bytes, length }) {
      got.push({ type, timestamp, stream, body: Buffer.from(bytes.subarray(0, length)) });
      return true;
    },
  });
  return { got, push: reader.push };
}

const sizeMessage = (size: number): SentMessage => {
  const body = Buffer.alloc(4);
  body.writeUInt32BE(size);
  return { type: 1, stream: 0, chunks: 2, body };
};

describe("RTMP's chunks", () => {
  it("make the messages that were cut, whatever their sizes and however they come", () => {
    const message = fc.record({
      type: fc.constantFrom(8, 9, 18, 20),
      chunks: fc.constantFrom(3, 63, 64, 319, 320, 65_599),
      length: fc.nat(700),
      step: fc.constantFrom(0, 40, 0xff_fffe, 0xff_ffff, 0x7fff_ffff),
      format: fc.nat(3),
    });
    const all = fc.record({
      size: fc.constantFrom(1, 100, 128, 4_000),
      messages: fc.array(message, { maxLength: 12 }),
      cuts: fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 }),
    });
    fc.assert(
      fc.property(all, ({ size, messages, cuts }) => {
        const before = new Map<number, SentMessage & { timestamp: number; delta: number }>();
        const sent: (SentMessage & { timestamp: number })[] = [];
        const parts = [chunksOf(sizeMessage(size), 128)];
        for (const { type, chunks, length, step, format } of messages) {
          const last = before.get(chunks);
          // A header may leave out only what is as before.
          const bare = last && format === 3;
          const known = last && format >= 2;
          const next: SentMessage = {
            ...{ chunks, stream: 1, type: known ? last.type : type },
            body: Buffer.alloc(known ? last.body.length : length, sent.length),
          };
          const delta = bare ? last.delta : step;
          const timestamp = last && format > 0 ? (last.timestamp + delta) >>> 0 : step;
          const extended = bare && delta >= 0xff_ffff;
          // Without a time of its own it repeats the extended one.
          parts.push(chunksOf({ ...next, timestamp }, size, last ? format : 0, bare && !extended ? 0 : delta));
          before.set(chunks, { ...next, timestamp, delta });
          sent.push({ ...next, timestamp });
        }
        const bytes = Buffer.concat(parts);
        const { got, push } = createSink();
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const cut = cuts[i % cuts.length]!;
          expect(push(bytes.subarray(at, at + cut))).toBe(true);
          at += cut;
        }
        expect(got).toEqual(sent.map(({ type, timestamp, stream = 1, body }) => ({ type, timestamp, stream, body })));
      }),
    );
  });

  it("of several streams come between each other's", () => {
    const [one, two] = [chunksOf({ type: 9, chunks: 6, body: Buffer.alloc(200, 1) }, 128), Buffer.alloc(130, 2)];
    const { got, push } = createSink();
    push(one.subarray(0, 140));
    push(chunksOf({ type: 8, chunks: 4, body: two }, 128));
    push(one.subarray(140));
    expect(got.map(({ type, body }) => [type, body.length])).toEqual([
      [8, 130],
      [9, 200],
    ]);
  });

  it("may be given up in the middle", () => {
    const { got, push } = createSink();
    push(chunksOf({ type: 9, chunks: 6, body: Buffer.alloc(200, 1) }, 128).subarray(0, 140));
    push(chunksOf({ type: 2, stream: 0, chunks: 2, body: Buffer.of(0, 0, 0, 6) }, 128));
    push(chunksOf({ type: 9, chunks: 6, body: Buffer.of(5) }, 128));
    expect(got.map(({ body }) => body)).toEqual([Buffer.of(5)]);
  });

  it("end where they break the rules, for good", () => {
    const broken: [string, Buffer][] = [
      ["a first header that leaves something out", basicHeader(1, 4)],
      ["a message begun within another", chunksOf({ type: 9, body: Buffer.alloc(200) }, 128).subarray(0, 140)],
      ["a size of nothing", chunksOf(sizeMessage(0), 128)],
      ["a size beyond all", chunksOf(sizeMessage(0x8000_0080), 128)],
      ["a size that is no number", chunksOf({ type: 1, body: Buffer.of(1) }, 128)],
      ["a message that is too long", chunksOf({ type: 9, body: Buffer.alloc(LONGEST + 1) }, 10_000)],
    ];
    for (const [what, bytes] of broken) {
      const { push } = createSink();
      const ends = [bytes, chunksOf({ type: 9, body: Buffer.of(1) }, 128)].map(push);
      expect(ends.at(-1), what).toBe(false);
      expect(push(chunksOf({ type: 9, body: Buffer.of(1) }, 128)), what).toBe(false);
    }
  });

  it("hold no more than two of the longest messages, in sixteen streams", () => {
    const begun = (chunks: number, length: number): Buffer =>
      chunksOf({ type: 9, chunks, body: Buffer.alloc(length) }, 128).subarray(0, 140);
    const few = createSink();
    expect([4, 5, 6].map(chunks => few.push(begun(chunks, LONGEST)))).toEqual([true, true, false]);
    const many = createSink();
    const all = Array.from({ length: 17 }, (_, i) => many.push(begun(4 + i, 130)));
    expect(all.indexOf(false)).toBe(16);
  });

  it("are read without harm, whatever comes", { timeout: FUZZ_TIMEOUT }, () => {
    const samples = [
      Buffer.concat([chunksOf(sizeMessage(200), 128), chunksOf({ type: 9, body: Buffer.alloc(250) }, 200)]),
      chunksOf({ type: 8, timestamp: 0xff_ffff, body: Buffer.alloc(140), chunks: 400 }, 128),
      Buffer.concat([0, 1, 2, 3].map(format => chunksOf({ type: 8, body: Buffer.alloc(9) }, 128, format))),
    ];
    fuzz(samples, (bytes, random) => {
      const { got, push } = createSink(512);
      const cut = random.integer(0, bytes.length);
      const goesOn = push(bytes.subarray(0, cut)) && push(bytes.subarray(cut));
      const whole = createSink(512);
      must(whole.push(bytes) === goesOn, "how it is cut");
      must(whole.got.length === got.length, "messages");
      must(
        got.every(({ body }) => body.length <= 512),
        "longest",
      );
    });
  });
});
