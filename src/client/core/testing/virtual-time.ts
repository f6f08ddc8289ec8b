/** A clock that only moves when told, with its timers. */
export interface VirtualTime {
  now(): number;
  setTimer(callback: () => void, ms: number): () => void;
  /** Let everything run that needs no time to pass. */
  settle(): Promise<void>;
  /** Let `ms` pass, timer by timer, settling after each. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  at: number;
  order: number;
  callback: () => void;
}

/** Make a virtual clock that stands at 0. */
export function createVirtualTime(): VirtualTime {
  const timers = new Set<Timer>();
  let now = 0;
  let order = 0;

  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 40; turn++) await Promise.resolve();
  };
  const next = (until: number): Timer | undefined => {
    let first: Timer | undefined;
    for (const timer of timers) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  };
  return {
    now: () => now,
    setTimer(callback, ms) {
      const timer = { at: now + ms, order: order++, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    settle,
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (let timer = next(until); timer; timer = next(until)) {
        timers.delete(timer);
        now = timer.at;
        timer.callback();
        await settle();
      }
      now = until;
    },
  };
}
