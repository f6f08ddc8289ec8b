import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRandom } from "../testing/random.ts";
import { BEGIN, type DataChunk, END, UNORDERED } from "./chunks.ts";
import { createReassembly, type Message } from "./reassembly.ts";
import { plus } from "./serial.ts";

interface Sent extends Message {
  readonly ordered: boolean;
}

/** Cuts messages into chunks with consecutive TSNs, as a sender does. */
function cut(messages: readonly Sent[], initialTsn: number, size: number, firstSsn = 0): DataChunk[] {
  const nextSsn = new Map<number, number>();
  const chunks: DataChunk[] = [];
  for (const { stream, ppid, payload, ordered } of messages) {
    const ssn = nextSsn.get(stream) ?? firstSsn;
    if (ordered) nextSsn.set(stream, (ssn + 1) & 0xffff);
    for (let at = 0; at < payload.length; at += size) {
      const last = at + size >= payload.length;
      const flags = (at === 0 ? BEGIN : 0) | (last ? END : 0) | (ordered ? 0 : UNORDERED);
      const tsn = plus(initialTsn, chunks.length);
      chunks.push({ flags, tsn, stream, ssn, ppid, payload: payload.subarray(at, at + size) });
    }
  }
  return chunks;
}

const messageLists = fc.array(
  fc.record({ stream: fc.nat(3), ordered: fc.boolean(), length: fc.integer({ min: 1, max: 60 }) }),
  { minLength: 1, maxLength: 25 },
);

const toSent = (list: { stream: number; ordered: boolean; length: number }[]): Sent[] =>
  list.map(({ stream, ordered, length }, at) => ({ stream, ordered, ppid: 53, payload: Buffer.alloc(length, at) }));

const shuffle = <T>(items: T[], seed: number): T[] => {
  const random = createRandom(seed);
  for (let at = items.length - 1; at > 0; at--) {
    const other = random.integer(0, at);
    [items[at], items[other]] = [items[other]!, items[at]!];
  }
  return items;
};

describe("reassembly", () => {
  it("delivers every message once and whole, ordered ones of a stream in order, from any order of arrival", () => {
    fc.assert(
      fc.property(messageLists, fc.integer(), fc.constantFrom(0, 2 ** 32 - 20), (list, seed, initialTsn) => {
        const sent = toSent(list);
        const got: Message[] = [];
        const reassembly = createReassembly(1_000, message => got.push(message));
        for (const chunk of shuffle(cut(sent, initialTsn, 7), seed)) expect(reassembly.add(chunk)).toBe(true);
        expect(reassembly.held).toBe(0);
        const key = ({ stream, payload }: Message) => `${stream}:${payload.length}:${payload[0]}`;
        expect(got.map(key).sort()).toEqual(sent.map(key).sort());
        for (const stream of [0, 1, 2, 3]) {
          const ordered = sent.filter(message => message.ordered && message.stream === stream).map(key);
          expect(got.map(key).filter(name => ordered.includes(name))).toEqual(ordered);
        }
      }),
    );
  });

  it("delivers an unordered message at once, whatever is missing before it", () => {
    const got: Message[] = [];
    const reassembly = createReassembly(1_000, message => got.push(message));
    const [, , second, third] = cut(
      toSent([
        { stream: 0, ordered: true, length: 14 },
        { stream: 0, ordered: false, length: 14 },
      ]),
      5,
      7,
    );
    reassembly.add(third!);
    reassembly.add(second!);
    expect(got.length).toBe(1);
    expect(reassembly.held).toBe(0);
  });

  it("refuses a message that grows beyond the limit before delivering any of it", () => {
    const got: Message[] = [];
    const reassembly = createReassembly(20, message => got.push(message));
    const chunks = cut(toSent([{ stream: 0, ordered: true, length: 21 }]), 0, 7);
    expect(chunks.map(chunk => reassembly.add(chunk))).toEqual([true, true, false]);
    expect(got).toEqual([]);
  });

  it("moves on past what the sender gave up, dropping its pieces", () => {
    const got: number[] = [];
    const reassembly = createReassembly(1_000, ({ payload }) => got.push(payload[0]!));
    const lengths = [14, 14, 7, 7].map(length => ({ stream: 2, ordered: true, length }));
    const chunks = cut(toSent(lengths), 0, 7);
    // TSNs 0 and 1 are the first message, 2 and 3 the second, 4 and 5 one each; half of the first two came.
    for (const at of [1, 2, 4, 5]) reassembly.add(chunks[at]!);
    expect(got).toEqual([]);
    reassembly.forward(3, [[2, 1]]);
    expect(got).toEqual([2, 3]);
    expect(reassembly.held).toBe(0);
  });

  it("starts a stream anew after its reset", () => {
    const got: number[] = [];
    const reassembly = createReassembly(1_000, ({ payload }) => got.push(payload[0]!));
    for (const chunk of cut(toSent([{ stream: 1, ordered: true, length: 3 }]), 0, 7)) reassembly.add(chunk);
    reassembly.reset([1]);
    for (const chunk of cut(toSent([{ stream: 1, ordered: true, length: 4 }]), 1, 7)) reassembly.add(chunk);
    expect(got).toEqual([0, 0]);
  });

  it("counts what tiny chunks cost, and drops a sequence number that comes again", () => {
    const reassembly = createReassembly(1_000, () => {});
    for (let tsn = 0; tsn < 100; tsn += 2)
      reassembly.add({ flags: 0, tsn, stream: 0, ssn: 0, ppid: 53, payload: Buffer.alloc(1) });
    expect(reassembly.held).toBe(50 * 65);
    const whole = { flags: BEGIN | END, stream: 0, ssn: 5, ppid: 53, payload: Buffer.alloc(1) };
    reassembly.add({ ...whole, tsn: 1_000 });
    reassembly.add({ ...whole, tsn: 1_001 });
    expect(reassembly.held).toBe(51 * 65);
  });
});
