/** Where something stands on the stage, in whole CSS pixels from its top left corner. */
export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Shapes of tiles, as width / height. */
export const SHAPES = { wide: 16 / 9, classic: 4 / 3, portrait: 3 / 4 } as const;

/**
 * The shapes a grid may choose from by what people send. A wide picture may be trimmed at its sides to 4:3, where nobody
 * sits; a 4:3 one is never trimmed to 16:9, which would cut heads.
 *
 * @param sent - Width / height of each picture that is on.
 */
export function shapesFor(sent: readonly number[]): readonly number[] {
  if (sent.length === 0) return [SHAPES.wide, SHAPES.classic];
  const sorted = sent.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? SHAPES.wide;
  if (median < 0.95) return [SHAPES.portrait, 1];
  if (median < 1.55) return [SHAPES.classic];
  return [SHAPES.wide, SHAPES.classic];
}

interface Fit {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
}

function bestFit(count: number, area: Size, gap: number, shapes: readonly number[]): Fit {
  let best: Fit = { columns: 1, width: 0, height: 0 };
  for (const shape of shapes) {
    for (let columns = 1; columns <= count; columns++) {
      const rows = Math.ceil(count / columns);
      const wide = (area.width - gap * (columns - 1)) / columns;
      const high = (area.height - gap * (rows - 1)) / rows;
      const width = Math.max(0, Math.floor(Math.min(wide, high * shape)));
      const height = Math.max(0, Math.floor(width / shape));
      if (width * height > best.width * best.height) best = { columns, width, height };
    }
  }
  return best;
}

/**
 * The grid whose tiles are largest by area, each row centred, the whole centred in `area`.
 *
 * @returns One rectangle for each of `count` seats, in order.
 */
export function fitGrid(count: number, area: Size, gap: number, shapes: readonly number[]): Rect[] {
  if (count === 0) return [];
  const { columns, width, height } = bestFit(count, area, gap, shapes);
  const rows = Math.ceil(count / columns);
  const top = Math.round((area.height - rows * height - (rows - 1) * gap) / 2);
  return Array.from({ length: count }, (_, index) => {
    const row = Math.floor(index / columns);
    const inRow = row === rows - 1 ? count - row * columns : columns;
    const left = Math.round((area.width - inRow * width - (inRow - 1) * gap) / 2);
    return { x: left + (index % columns) * (width + gap), y: top + row * (height + gap), width, height };
  });
}

/** How many tiles of at least `smallest` fit into `area`; at least one. */
export function gridCapacity(area: Size, gap: number, smallest: Size): number {
  const columns = Math.floor((area.width + gap) / (smallest.width + gap));
  const rows = Math.floor((area.height + gap) / (smallest.height + gap));
  return Math.max(1, columns) * Math.max(1, rows);
}
