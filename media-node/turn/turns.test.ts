import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Poller } from "./poller.ts";
import { createTurns } from "./turns.ts";

/** A poller that finds what `find` says each time it is asked; sleeping takes the time that it takes. */
function fakePoller(find: () => number): Poller & { readonly slept: number[] } {
  const slept: number[] = [];
  return {
    slept,
    memory: new Uint8Array(0),
    add() {},
    remove() {},
    poll: () => find(),
    sender: () => "",
    sleep(microseconds) {
      slept.push(microseconds);
      vi.advanceTimersByTime(microseconds / 1000);
    },
    close() {},
  };
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setImmediate", "performance"], now: 0 }));
afterEach(() => void vi.useRealTimers());

describe("a turn", () => {
  it("ends once, after all that came in it, with the time of its first packet", () => {
    const ends: number[] = [];
    const turns = createTurns({ end: now => ends.push(now), gather: 600, poller: undefined });
    vi.advanceTimersByTime(5);
    expect(turns.begin()).toBe(5);
    expect(turns.begin()).toBe(5);
    expect(ends).toEqual([]);
    vi.runAllTimers();
    expect(ends).toEqual([5]);
    turns.begin();
    vi.runAllTimers();
    expect(ends.length).toBe(2);
  });

  it("waits for nobody while few packets come", () => {
    const poller = fakePoller(() => 0);
    const turns = createTurns({ end() {}, gather: 600, poller });
    for (let i = 0; i < 50; i++) {
      vi.advanceTimersByTime(20);
      turns.begin();
      vi.runAllTimers();
    }
    expect(poller.slept).toEqual([]);
  });

  it("gathers while packets come fast, never longer than it may, and is over when they stop", () => {
    let waiting = 4_000;
    let ends = 0;
    const poller = fakePoller(() => {
      const found = Math.min(waiting, 30);
      waiting -= found;
      for (let i = 0; i < found; i++) turns.begin();
      return found;
    });
    const turns = createTurns({ end: () => ends++, gather: 600, poller });
    for (let i = 0; i < 100; i++) turns.begin();
    vi.runAllTimers();
    expect(waiting).toBe(0);
    expect(poller.slept.length).toBeGreaterThan(100);
    expect(Math.max(...poller.slept)).toBeLessThanOrEqual(600);
    expect(ends).toBeGreaterThan(poller.slept.length);
  });

  it("falls back to the runtime's own events when the poller finds nothing, or fails", () => {
    const poller = fakePoller(() => 0);
    const turns = createTurns({ end() {}, gather: 600, poller });
    for (let i = 0; i < 1_000; i++) turns.begin();
    vi.runAllTimers();
    const rounds = poller.slept.length;
    expect(rounds).toBeGreaterThan(0);
    expect(rounds).toBeLessThan(100);
    // What the runtime delivers still makes turns that end.
    vi.advanceTimersByTime(1_000);
    const before = vi.getTimerCount();
    turns.begin();
    expect(vi.getTimerCount()).toBe(before + 1);
    vi.runAllTimers();
    expect(poller.slept.length).toBe(rounds);
  });
});
