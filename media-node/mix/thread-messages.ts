import type { MixCommand } from "./mix-engine.ts";

/** What a mixer thread is started with: the memory of the queues to it and from it. */
export interface MixThreadData {
  readonly inputs: SharedArrayBuffer;
  readonly mixes: SharedArrayBuffer;
  /** What the thread counts, in the order of {@link COUNTED}, as 32-bit numbers. */
  readonly counts: SharedArrayBuffer;
}

/** Frames mixed, those of them that began over 5 ms late, frames left out, mixes that found no room in their queue. */
export const COUNTED = ["frames", "frames.late", "frames.skipped", "mixes.dropped"] as const;

/** Worker → mixer thread. */
export type ToMixThread = MixCommand;

/** Mixer thread → worker. What a stream's packets need to be known comes before them. */
export type FromMixThread =
  | { readonly type: "assigned"; readonly room: number; readonly listener: number; readonly stream: number }
  /** Packets were put in the queue. */
  | { readonly type: "packets" }
  | { readonly type: "voices"; readonly voices: number };
