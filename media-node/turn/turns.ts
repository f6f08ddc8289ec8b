import { loadBunFfi } from "../native/bun-ffi.ts";
import { loadNodeFfi } from "../native/node-ffi.ts";

/** One turn of the event loop: everything that sockets deliver before their answers leave together. */
export interface Turns {
  /** Something came. Returns the time of this turn, `performance.now()` at its first packet. */
  begin(): number;
}

/** So many packets are gathered, if they come fast enough: the cost of waking up is shared by then. */
const WANTED = 16;
/** Waiting for fewer than these would cost more than it saves. */
const WORTHWHILE = 4;
/** Share of the newest turn in the estimate of the rate. */
const WEIGHT = 0.25;

/**
 * @param end called once all sockets that were readable have been read
 * @param gather longest wait for more packets, in microseconds; 0: none. Under load a packet that wakes the process
 *   alone costs twice what one of a batch does, and only batches hold runs. So, as network cards do it, a turn that
 *   follows others closely is put off, never longer than this, and not at all when few packets come.
 */
export function createTurns(end: (now: number) => void, gather: number): Turns {
  const sleep = gather > 0 ? loadSleep() : undefined;
  let isInTurn = false;
  let now = 0;
  let packets = 0;
  let endedAt = 0;
  /** Packets a microsecond. */
  let rate = 0;

  function finish(): void {
    isInTurn = false;
    end(now);
    if (!sleep) return;
    const time = performance.now();
    const elapsed = Math.max(1, 1000 * (time - endedAt));
    endedAt = time;
    rate += WEIGHT * (packets / elapsed - rate);
    packets = 0;
    if (rate * gather < WORTHWHILE) return;
    sleep(Math.min(gather, Math.floor(WANTED / rate)));
    endedAt = time;
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

/** Blocks this thread for some microseconds; undefined where there is no foreign function interface. */
function loadSleep(): ((microseconds: number) => void) | undefined {
  const ffi = loadBunFfi() ?? loadNodeFfi();
  const libc =
    process.platform === "linux" ? ffi?.load("libc.so.6", { usleep: { args: ["u32"], returns: "i32" } }) : undefined;
  return libc && (microseconds => void libc.usleep(microseconds));
}
