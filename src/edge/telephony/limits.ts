/**
 * How many calls a trunk carries, and how many begin in a second.
 * @module
 */
import type { Calls } from "./calls.ts";
import type { StoredTrunk } from "./trunks.ts";

export interface Limits {
  /** Count a call that begins; or say which limit forbids it. */
  begin(trunk: StoredTrunk, now: number): "" | "max-calls" | "calls-per-second";
}

const SECOND = 1_000;

/** The last second is in memory alone: an object that was evicted since had nothing to do for longer. */
export function createLimits(calls: Calls): Limits {
  const begun = new Map<string, number[]>();
  return {
    begin({ id, settings: { maxCalls, callsPerSecond } }, now) {
      if (calls.running(id) >= maxCalls) return "max-calls";
      const recent = (begun.get(id) ?? []).filter(at => at > now - SECOND);
      begun.set(id, recent);
      if (recent.length >= callsPerSecond) return "calls-per-second";
      recent.push(now);
      return "";
    },
  };
}
