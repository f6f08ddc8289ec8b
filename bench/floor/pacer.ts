import { createSharedClock } from "./shape.ts";

/** Further behind, it leaves out what it missed instead of sending all of it at once. */
const MAX_DELAY_MS = 200;

/** Sends frames evenly spread over time, from now on. */
export interface Pacer {
  /** Milliseconds from frame to frame; infinite for none. */
  interval: number;
}

export function startPacer(sendFrame: () => void): Pacer {
  const sharedNow = createSharedClock();
  const pacer: Pacer = { interval: Number.POSITIVE_INFINITY };
  let last = sharedNow();

  function tick(): void {
    const now = sharedNow();
    if (now - last > MAX_DELAY_MS) last = now - pacer.interval;
    for (; last + pacer.interval <= now; last += pacer.interval) sendFrame();
    setTimeout(tick, 1);
  }
  tick();
  return pacer;
}
