/** Timeouts in the caller's time: nothing here reads a clock. */
export interface Timers {
  /** Milliseconds, as last told. */
  readonly now: number;
  /** When the next timeout is due; Infinity if there is none. */
  readonly next: number;
  /** Moves time on, calling what became due in its order; time never goes back. */
  advance(now: number): void;
  set(delay: number, due: () => void): Timer;
}

export interface Timer {
  /** Idempotent; after the timeout it does nothing. */
  cancel(): void;
}

/** RFC 3261 §17.1.1.1, in milliseconds. */
export const T1 = 500;
export const T2 = 4_000;
export const T4 = 5_000;

interface Entry {
  at: number;
  /** Among those due at once the older comes first. */
  order: number;
  due: (() => void) | undefined;
}

/** @param onNearer told when `next` has come nearer */
export function createTimers(start: number, onNearer?: () => void): Timers {
  // A binary heap; what is cancelled stays until it comes up or is most of it.
  let heap: Entry[] = [];
  let cancelled = 0;
  let order = 0;
  let now = start;

  const isBefore = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

  function push(entry: Entry): void {
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  function pop(): void {
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }

  /** Removes what was cancelled from the top. */
  function settle(): void {
    while (heap.length > 0 && heap[0]!.due === undefined) {
      pop();
      cancelled--;
    }
  }

  function compact(): void {
    if (cancelled < 64 || cancelled * 2 < heap.length) return;
    const live = heap.filter(entry => entry.due !== undefined);
    heap = [];
    cancelled = 0;
    for (const entry of live) push(entry);
  }

  return {
    get now() {
      return now;
    },
    get next() {
      settle();
      return heap[0]?.at ?? Number.POSITIVE_INFINITY;
    },
    advance(target) {
      const end = Math.max(now, target);
      for (settle(); heap.length > 0 && heap[0]!.at <= end; settle()) {
        const entry = heap[0]!;
        pop();
        const { due } = entry;
        entry.due = undefined;
        now = Math.max(now, entry.at);
        due?.();
      }
      // What was due may have been told a later time itself.
      now = Math.max(now, end);
    },
    set(delay, due) {
      const entry: Entry = { at: now + delay, order: order++, due };
      push(entry);
      if (heap[0] === entry) onNearer?.();
      return {
        cancel() {
          if (entry.due === undefined) return;
          entry.due = undefined;
          cancelled++;
          compact();
        },
      };
    },
  };
}
