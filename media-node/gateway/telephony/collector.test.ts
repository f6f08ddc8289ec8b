import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createCollector } from "./collector.ts";

describe("keys that a caller was asked for", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const collect = () => {
    const told: string[] = [];
    const collector = createCollector(digits => told.push(digits));
    const press = (keys: string): void => {
      for (const key of keys) collector.add(key);
    };
    return { told, collector, press };
  };

  it("are told at #, or when there are enough of them, and no others", () => {
    const { told, collector, press } = collect();
    press("99#");
    collector.ask(16);
    press("12#34#");
    collector.ask(4);
    press("123456");
    collector.ask(4);
    press("#");
    expect(told).toEqual(["12", "1234", ""]);
  });

  it("are told as far as they came in time, once", () => {
    const { told, collector, press } = collect();
    collector.ask(4);
    vi.advanceTimersByTime(14_000);
    press("1");
    vi.advanceTimersByTime(5_000);
    press("2");
    expect(told).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(["12"]);
    collector.ask(4);
    vi.advanceTimersByTime(60_000);
    collector.ask(4);
    collector.close();
    vi.advanceTimersByTime(60_000);
    expect(told).toEqual(["12", ""]);
  });
});
