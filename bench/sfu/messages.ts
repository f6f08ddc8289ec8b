import type { SessionOffer } from "../../src/protocol/index.ts";

/** What the bench asks of its two load processes; each question gets one answer. */
export type Question =
  | { readonly type: "open"; readonly count: number; readonly server: number; readonly burst: number }
  | { readonly type: "connect"; readonly answers: readonly string[] }
  /** Of the sources: what is sent from now on belongs to `phase` and comes from the first `rooms` of them. */
  | { readonly type: "phase"; readonly phase: number; readonly rooms: number }
  /** Of the receivers: what has come of a phase. */
  | { readonly type: "counts"; readonly phase: number };

export interface Opened {
  readonly offers: readonly SessionOffer[];
}

/** Packets that were sent in each phase. */
export interface Sent {
  readonly packets: readonly number[];
}

/** Packets of a phase that were authentic, and milliseconds from the source's send to the receiver's read. */
export interface Counts {
  readonly authentic: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** A run has fewer phases. */
export const PHASES = 256;
