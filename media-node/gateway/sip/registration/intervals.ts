import { isReliable, type SipFlow } from "../transport/flow.ts";

/** All in milliseconds but where it says seconds. */
const SECOND = 1_000;
/** An answer to a keep-alive comes within that, or the flow is gone (RFC 5626 §4.4.1). */
export const PONG_LIMIT = 10 * SECOND;
/** NATs forget UDP after thirty seconds, the hastier ones. */
const UDP_KEEP_ALIVE = 25 * SECOND;
const STREAM_KEEP_ALIVE = 95 * SECOND;
/** RFC 5626 §4.5. */
const FIRST_RETRY = 30 * SECOND;
const LAST_RETRY = 1_800 * SECOND;
/** Who is refused for what it says of itself is refused again: each try counts there. */
const FINAL = [401, 403, 404, 407];
const FINAL_RETRY = 300 * SECOND;

/** How long after it was granted for so many seconds a registration is refreshed: early enough for another try. */
export const refreshDelay = (granted: number): number => Math.max(granted * 0.85, granted - 120) * SECOND;

/** @param flowTimer how many seconds the registrar lets go by without a keep-alive; 0 where it doesn't say (RFC 5626 §4.4) */
export function keepAliveInterval(flow: SipFlow, flowTimer: number): number {
  const usual = isReliable(flow) ? STREAM_KEEP_ALIVE : UDP_KEEP_ALIVE;
  return flowTimer >= 5 ? Math.min(usual, flowTimer * 0.8 * SECOND) : usual;
}

/**
 * @param failures so many tries before this one failed, too
 * @param after what the registrar asks for (s)
 * @param chance 0 to 1, so that not all come back at once
 */
export function retryDelay(failures: number, status: number, after: number, chance: number): number {
  const upper = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** Math.min(failures, 10));
  const least = FINAL.includes(status) ? FINAL_RETRY : 0;
  return Math.max(upper * (0.5 + chance / 2), least, Math.min(after * SECOND, 24 * 3_600 * SECOND));
}
