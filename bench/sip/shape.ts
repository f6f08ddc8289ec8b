/** The work of the bench: calls, each with a telephone (PCMU) at one end and a live listener (Opus) at the other. Both talk. */

/** Calls at a time: about 60 % of a core. */
export const CALLS = 60;
/** Time of a frame (ms). */
export const FRAME = 20;
/** Later than this (ms), a tick is late. */
export const LATE = 5;
export const PCMU_TYPE = 0;
export const OPUS_TYPE = 111;
export const LOOPBACK = "127.0.0.1";
/** Callers come from these, each by a trunk of its own: what one address and one trunk may set up in a second is bounded. */
export const CALLERS = [LOOPBACK, "127.0.0.2", "127.0.0.3", "127.0.0.4"] as const;

/** A call's two ends, by the UDP ports that they have on loopback. */
export interface Ends {
  readonly phone: number;
  readonly listener: number;
}

/** What carries calls. */
export interface Bridge {
  /** Process whose tree's time counts. */
  readonly pid: number;
  /** Where the ends of a call send to, call by call. */
  readonly calls: readonly Ends[];
  /** Ticks so far, and those of them that were over {@link LATE} late. */
  ticks(): Promise<{ readonly all: number; readonly late: number }>;
  stop(): Promise<void>;
}
