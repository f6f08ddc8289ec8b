import { describe, expect, it } from "vitest";
import { createSourceLock, type SourceLock } from "./source-lock.ts";

const TRUE = { address: "192.0.2.1", port: 5_000, ssrc: 1 };
const OTHER = { address: "192.0.2.66", port: 5_000, ssrc: 2 };

/** Sends `count` packets, 20 ms apart; whether each was heard. */
function send(lock: SourceLock, from: typeof TRUE, count: number, at = 0, first = 10, authentic = false): boolean[] {
  return Array.from({ length: count }, (_, i) =>
    lock.admit({ ...from, sequence: (first + i) & 0xffff }, authentic, at + i * 20),
  );
}

describe("a source lock", () => {
  it("hears a stream from its fourth packet on, over the wrap of its numbers, and nobody else ever", () => {
    const lock = createSourceLock(undefined);
    expect(send(lock, TRUE, 6, 0, 0xfffe)).toEqual([false, false, false, true, true, true]);
    expect(lock.address).toBe(TRUE.address);
    expect(send(lock, OTHER, 100, 200)).not.toContain(true);
    expect(send(lock, OTHER, 100, 3_600_000)).not.toContain(true);
    expect(send(lock, TRUE, 1, 3_700_000)).toEqual([true]);
  });

  it("hears no second sender of the same host while the first sends", () => {
    const lock = createSourceLock(undefined);
    send(lock, TRUE, 4);
    for (let at = 100; at < 20_000; at += 20) {
      lock.heard(at);
      expect(lock.admit({ ...TRUE, port: 6_000, sequence: at / 20 }, false, at)).toBe(false);
    }
  });

  it("lets the same host go on from another port once the old one is silent, on probation", () => {
    const lock = createSourceLock(undefined);
    send(lock, TRUE, 4);
    expect(send(lock, { ...TRUE, port: 6_000 }, 6, 6_000)).toEqual([false, false, false, true, true, true]);
  });

  it("is not kept from its stream by a flood of others that are none", () => {
    const lock = createSourceLock(undefined);
    const heard: boolean[] = [];
    for (let i = 0; i < 8; i++) {
      for (let j = 0; j < 30; j++)
        lock.admit({ address: `203.0.113.${j}`, port: i, ssrc: i, sequence: 0 }, false, i * 20);
      heard.push(lock.admit({ ...TRUE, sequence: i }, false, i * 20));
    }
    expect(heard).toEqual([false, false, false, true, true, true, true, true]);
  });

  it("does not take numbers that don't follow, or pauses, for a stream", () => {
    const lock = createSourceLock(undefined);
    for (let i = 0; i < 50; i++) expect(lock.admit({ ...TRUE, sequence: i * 2 }, false, i)).toBe(false);
    for (let i = 0; i < 50; i++) expect(lock.admit({ ...TRUE, sequence: i }, false, i * 3_000)).toBe(false);
  });

  it("hears only the host it expects, and at once whoever has the key", () => {
    const lock = createSourceLock([TRUE.address]);
    expect(send(lock, OTHER, 10, 0, 0, true)).not.toContain(true);
    expect(send(lock, TRUE, 2, 300, 0, true)).toEqual([true, true]);
  });
});
