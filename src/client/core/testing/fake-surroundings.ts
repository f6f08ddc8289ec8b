import type { HostChange, Surroundings } from "../surroundings.ts";
import type { VirtualTime } from "./virtual-time.ts";

/** A host in virtual time whose changes a test makes. */
export interface FakeSurroundings extends Surroundings {
  change(change: HostChange): void;
}

/** A small seeded generator (mulberry32), so that a failing run can be run again. */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Surroundings over virtual time; sockets come from `openSocket`. */
export function createFakeSurroundings(
  time: VirtualTime,
  openSocket: Surroundings["openSocket"],
  random: () => number = () => 0.5,
): FakeSurroundings {
  const watchers = new Set<(change: HostChange) => void>();
  return {
    openSocket,
    now: time.now,
    setTimer: time.setTimer,
    random,
    watch(listener) {
      watchers.add(listener);
      return () => watchers.delete(listener);
    },
    change(change) {
      for (const watcher of [...watchers]) watcher(change);
    },
  };
}
