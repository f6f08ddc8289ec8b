/** One video source that a publisher is told a bandwidth for. */
export interface PublishDemand {
  /** What this kind of picture may take (bit/s). */
  readonly ceiling: number;
  /** Budgets (bit/s) of those who want to see it now. */
  readonly budgets: readonly number[];
}

/** Enough for three layers of a 720p camera, which browsers send only when they are told of the room (bit/s). */
export const CAMERA_CEILING = 4_000_000;
export const SCREEN_CEILING = 5_000_000;
/** Below this nobody is ever pushed: a small picture. */
const FLOOR = 200_000;

/**
 * How much a publisher may send (bit/s): for each picture its ceiling, or what the best placed of its viewers can
 * take. The slow ones have no say: they get a lower layer or none. What nobody watches now keeps its ceiling, so that
 * it is there when somebody does.
 */
export function publishCeiling(demands: readonly PublishDemand[]): number {
  let total = 0;
  for (const { ceiling, budgets } of demands) {
    const best = budgets.length === 0 ? ceiling : Math.max(...budgets);
    total += Math.max(FLOOR, Math.min(ceiling, best));
  }
  return total;
}
