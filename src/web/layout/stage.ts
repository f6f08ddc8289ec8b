import type { Rect, Size } from "./grid.ts";

/** A stage for one picture, and what is left for everybody else. */
export interface StageLayout {
  readonly stage: Rect;
  readonly rest: Rect;
}

const clamp = (low: number, value: number, high: number) => Math.min(high, Math.max(low, value));

/**
 * Divides an area between a stage and the rest: beside it in a wide window, below it in a tall one. The stage is no larger
 * than its picture can use, so that the others get what it would leave empty.
 *
 * @param shape - Width / height of the picture on the stage.
 * @param alone - Nobody needs the rest.
 */
export function fitStage(area: Size, gap: number, shape: number, alone: boolean): StageLayout {
  const { width, height } = area;
  if (alone) return { stage: { x: 0, y: 0, width, height }, rest: { x: 0, y: 0, width: 0, height: 0 } };
  if (width > height * 1.15) {
    const strip = clamp(132, width * 0.17, 256);
    const staged = Math.floor(Math.min(width - strip - gap, height * shape));
    return {
      stage: { x: 0, y: 0, width: staged, height },
      rest: { x: staged + gap, y: 0, width: width - staged - gap, height },
    };
  }
  const strip = clamp(76, height * 0.15, 160);
  const staged = Math.floor(Math.min(height - strip - gap, width / shape));
  return {
    stage: { x: 0, y: 0, width, height: staged },
    rest: { x: 0, y: staged + gap, width, height: height - staged - gap },
  };
}
