import type { Poller } from "./poller.ts";

/** One turn of the event loop: everything that sockets deliver before their answers leave together. */
export interface Turns {
  /** Something came. Returns the time of this turn, `performance.now()` at its first packet. */
  begin(): number;
}

/** So many packets are gathered, if they come fast enough: the cost of waking up is shared by then. */
const WANTED = 32;
/** Waiting for fewer than these would cost more than it saves. */
const WORTHWHILE = 3;
/** Share of the newest turn in the estimate of the rate. */
const WEIGHT = 0.25;
/** Rounds of reading before the runtime's own events, streams and timers, have their turn. */
const ROUNDS = 6;

export interface TurnsOptions {
  /** Called once all sockets that were readable have been read. */
  readonly end: (now: number) => void;
  /**
   * Longest wait for more packets, in microseconds; 0: none. A packet that wakes the process alone costs twice what one of
   * a batch does, and only batches hold runs. So, as network cards do it, while packets come fast they are fetched at
   * intervals, never longer than this; while few come, each wakes us.
   */
  readonly gather: number;
  readonly poller: Poller | undefined;
}

export function createTurns({ end, gather, poller }: TurnsOptions): Turns {
  let isInTurn = false;
  let now = 0;
  let packets = 0;
  let endedAt = 0;
  /** Packets a microsecond. */
  let rate = 0;

  function finish(): void {
    end(now);
    if (!poller || gather === 0) {
      isInTurn = false;
      return;
    }
    estimate();
    for (let round = 0; round < ROUNDS && rate * gather >= WORTHWHILE; round++) {
      poller.sleep(Math.min(gather, Math.floor(WANTED / rate)));
      now = performance.now();
      poller.poll();
      end(now);
      estimate();
    }
    isInTurn = rate * gather >= WORTHWHILE;
    // Still busy: whatever else waits is served, then the next rounds follow.
    if (isInTurn) setImmediate(finish);
  }

  function estimate(): void {
    const time = performance.now();
    rate += WEIGHT * (packets / Math.max(1, 1000 * (time - endedAt)) - rate);
    endedAt = time;
    packets = 0;
  }

  return {
    begin() {
      packets++;
      if (!isInTurn) {
        isInTurn = true;
        now = performance.now();
        setImmediate(finish);
      }
      return now;
    },
  };
}
