import type { Source } from "./source.ts";

/** What a client wants to see. */
export interface Wish {
  /** Source number. */
  readonly source: number;
  /** Size it is shown at, in pixels; 0 where it doesn't matter. */
  readonly width: number;
  readonly height: number;
  /** Higher is served first. */
  readonly priority: number;
}

/** What decides about a receiver's video. */
export interface VideoPlanInput {
  /** Video sources of others, in order of publication. */
  readonly sources: readonly Source[];
  /** Undefined where the client leaves the choice to the node. */
  readonly wishes: readonly Wish[] | undefined;
  /** Numbers of pinned sources, the most important first; they come before everything but wishes. */
  readonly pins: readonly number[];
  /** When a participant was last dominant speaker. */
  readonly lastDominantAt: (participant: number) => number;
}

/**
 * Lists the sources a receiver should see, the most important first: its wishes, or pins, then screens (the newest
 * first), then cameras by who spoke last, those that send before those that are muted.
 */
export function planVideo(input: VideoPlanInput): Source[] {
  const { sources, wishes, pins, lastDominantAt } = input;
  const byNumber = (number: number) => sources.find(source => source.number === number);
  if (wishes !== undefined) {
    const ordered = [...wishes].sort((a, b) => b.priority - a.priority);
    return unique(ordered.map(wish => byNumber(wish.source)));
  }
  const screens = sources.filter(source => source.kind === "screen").reverse();
  const others = sources
    .filter(source => source.kind !== "screen")
    .sort((a, b) => lastDominantAt(b.participant) - lastDominantAt(a.participant) || 0);
  const sending = others.filter(source => source.open);
  const muted = others.filter(source => !source.open);
  return unique([...pins.map(byNumber), ...screens, ...sending, ...muted]);
}

function unique(sources: readonly (Source | undefined)[]): Source[] {
  return [...new Set(sources)].filter(source => source !== undefined);
}
