import { type Corner, cornerRect, ownSize } from "./corner.ts";
import { fitGrid, gridCapacity, type Rect, SHAPES, type Size, shapesFor } from "./grid.ts";
import { fitStage } from "./stage.ts";

/** What is to be placed, and how. Tiles are named by keys. */
export interface Scene {
  readonly area: Size;
  /** Everybody else's tiles in seat order; those beyond what fits are not shown. */
  readonly seats: readonly string[];
  readonly own: string;
  readonly corner: Corner;
  /** The tile that takes the stage, if one does. */
  readonly focus?: string | undefined;
  /** Width / height of each picture that is on, one's own aside. */
  readonly sent: readonly number[];
  readonly ownShape: number;
  /** The same of the picture on the stage. */
  readonly focusShape: number;
}

export interface Arrangement {
  readonly places: ReadonlyMap<string, Rect>;
  /** One's own tile lies on top, in its corner. */
  readonly floating: boolean;
  /** How many of `seats`, from the first, may be in sight; the same for every order of them. */
  readonly inSight: number;
  /** Where it says how many are not in sight. */
  readonly more?: { readonly rect: Rect; readonly count: number };
}

const GAP = 8;
const INSET = 8;
/** The smallest tiles in the grid, and beside a stage. */
const SMALLEST: Size = { width: 148, height: 100 };
const SMALLEST_BESIDE: Size = { width: 112, height: 63 };
/** Places there are at least, however small the window: for one other, oneself and the count of those not shown. */
const FEWEST = 3;
const MOST = 25;

/** Places every tile: a stage with the others beside it if something takes the stage, else a grid with oneself on top. */
export function arrange(scene: Scene): Arrangement {
  return scene.focus === undefined ? grid(scene) : staged(scene, scene.focus);
}

const capacityOf = (area: Size, smallest: Size) => Math.min(MOST, Math.max(FEWEST, gridCapacity(area, GAP, smallest)));

/** How many of `wanted` are shown in `places`, one of which goes to the count of the others if not all fit. */
const fitting = (wanted: number, places: number) => (wanted <= places ? wanted : places - 1);

function grid({ area, seats, own, corner, sent, ownShape }: Scene): Arrangement {
  const inSight = fitting(seats.length, capacityOf(area, SMALLEST));
  const hidden = seats.length - inSight;
  const rects = fitGrid(inSight + (hidden > 0 ? 1 : 0), area, GAP, shapesFor(sent));
  const places = new Map<string, Rect>();
  for (const [seat, key] of seats.slice(0, inSight).entries()) places.set(key, rects[seat] as Rect);
  places.set(own, ownPlace(corner, ownSize(area, ownShape), area, rects));
  const last = rects[inSight];
  return { places, floating: true, inSight, ...(last ? { more: { rect: last, count: hidden } } : {}) };
}

/** One's own tile stands in a corner of the grid, or in the margin around it where that hides much less of the others. */
function ownPlace(corner: Corner, size: Size, area: Size, rects: readonly Rect[]): Rect {
  const outer = cornerRect(corner, { x: 0, y: 0, ...area }, size, INSET);
  if (rects.length === 0) return outer;
  const inner = cornerRect(corner, boundsOf(rects), size, INSET);
  return hiddenBy(outer, rects) < hiddenBy(inner, rects) / 2 ? outer : inner;
}

function boundsOf(rects: readonly Rect[]): Rect {
  const x = Math.min(...rects.map(rect => rect.x));
  const y = Math.min(...rects.map(rect => rect.y));
  const right = Math.max(...rects.map(rect => rect.x + rect.width));
  const bottom = Math.max(...rects.map(rect => rect.y + rect.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** How much of `rects`, in square pixels, lies under `top`. */
function hiddenBy(top: Rect, rects: readonly Rect[]): number {
  return rects.reduce((sum, { x, y, width, height }) => {
    const across = Math.min(x + width, top.x + top.width) - Math.max(x, top.x);
    const down = Math.min(y + height, top.y + top.height) - Math.max(y, top.y);
    return sum + Math.max(0, across) * Math.max(0, down);
  }, 0);
}

function staged({ area, seats, own, focusShape }: Scene, focus: string): Arrangement {
  const others = seats.filter(key => key !== focus);
  const ownCount = focus === own ? 0 : 1;
  const { stage, rest } = fitStage(area, GAP, focusShape, others.length + ownCount === 0);
  const shown = fitting(others.length, capacityOf(rest, SMALLEST_BESIDE) - ownCount);
  const hidden = others.length - shown;
  const count = shown + (hidden > 0 ? 1 : 0) + ownCount;
  const rects = fitGrid(count, rest, GAP, [SHAPES.wide, SHAPES.classic]).map(rect => ({
    ...rect,
    x: rect.x + rest.x,
    y: rect.y + rest.y,
  }));
  const places = new Map<string, Rect>([[focus, stage]]);
  for (const [seat, key] of others.slice(0, shown).entries()) places.set(key, rects[seat] as Rect);
  const last = hidden > 0 ? rects[shown] : undefined;
  const ownRect = rects[count - 1];
  if (ownCount === 1 && ownRect) places.set(own, ownRect);
  return { places, floating: false, inSight: shown, ...(last ? { more: { rect: last, count: hidden } } : {}) };
}
