import type { RandomBelow } from "./random.ts";

/** The relay ports of one address family that this worker may use. */
export interface PortPool {
  readonly free: number;
  /** A random free port, or 0; with `even` an even one. */
  take(even: boolean): number;
  /** A random even port whose successor is free too; both are taken. 0 if there is none. */
  takePair(): number;
  /** Takes back a port that was taken. */
  give(port: number): void;
}

/** Random tries before the pool is walked through: enough as long as it isn't nearly empty. */
const TRIES = 32;

/** @param min and `max`: first and last port, both included */
export function createPortPool(min: number, max: number, randomBelow: RandomBelow): PortPool {
  const size = max - min + 1;
  const taken = new Uint8Array(size);
  let free = size;

  function fits(index: number, even: boolean, pair: boolean): boolean {
    if (taken[index] || (even && ((min + index) & 1) === 1)) return false;
    return !pair || (index + 1 < size && !taken[index + 1]);
  }

  function find(even: boolean, pair: boolean): number {
    if (free === 0) return -1;
    for (let i = 0; i < TRIES; i++) {
      const index = randomBelow(size);
      if (fits(index, even, pair)) return index;
    }
    const start = randomBelow(size);
    for (let i = 0; i < size; i++) {
      const index = (start + i) % size;
      if (fits(index, even, pair)) return index;
    }
    return -1;
  }

  function claim(index: number): void {
    taken[index] = 1;
    free--;
  }

  return {
    get free() {
      return free;
    },
    take(even) {
      const index = find(even, false);
      if (index < 0) return 0;
      claim(index);
      return min + index;
    },
    takePair() {
      const index = find(true, true);
      if (index < 0) return 0;
      claim(index);
      claim(index + 1);
      return min + index;
    },
    give(port) {
      const index = port - min;
      if (!taken[index]) throw new RangeError(`port ${port} was not taken`);
      taken[index] = 0;
      free++;
    },
  };
}
