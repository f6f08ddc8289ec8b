import { CORNERS, type Corner, cornerRect, ownSize } from "./corner.ts";
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
  /** That picture is shown whole, so the stage takes its shape. */
  readonly focusWhole: boolean;
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
/** The largest part of somebody's tile that one's own may hide. */
const MOST_HIDDEN = 0.35;

/** Places every tile: a stage with the others beside it if something takes the stage, else a grid with oneself on top. */
export function arrange(scene: Scene): Arrangement {
  return scene.focus === undefined ? grid(scene) : staged(scene, scene.focus);
}

const capacityOf = (area: Size, smallest: Size) => Math.min(MOST, Math.max(FEWEST, gridCapacity(area, GAP, smallest)));

/** How many of `wanted` are shown in `places`, one of which goes to the count of the others if not all fit. */
const fitting = (wanted: number, places: number) => (wanted <= places ? wanted : places - 1);

function grid(scene: Scene): Arrangement {
  const { area, seats, own, corner, sent, ownShape } = scene;
  const capacity = capacityOf(area, SMALLEST);
  const shown = fitting(seats.length, capacity);
  const hidden = seats.length - shown;
  const rects = fitGrid(shown + (hidden > 0 ? 1 : 0), area, GAP, shapesFor(sent));
  const size = ownSize(area, ownShape);
  // Whatever the corner: who drags the tile must not change the grid by it.
  if (CORNERS.some(any => mostHidden(ownPlace(any, size, area, rects), rects) > MOST_HIDDEN)) return seated(scene);
  const places = seatsAt(seats, rects.slice(0, shown));
  places.set(own, ownPlace(corner, size, area, rects));
  const last = hidden > 0 ? rects[shown] : undefined;
  return { places, floating: true, inSight: shown, ...(last ? { more: { rect: last, count: hidden } } : {}) };
}

/** The grid with a seat for oneself, the last: where tiles are so small that one's own would hide another. */
function seated({ area, seats, own, sent }: Scene): Arrangement {
  const shown = fitting(seats.length, capacityOf(area, SMALLEST) - 1);
  const hidden = seats.length - shown;
  const rects = fitGrid(shown + (hidden > 0 ? 2 : 1), area, GAP, shapesFor(sent));
  const places = seatsAt(seats, rects.slice(0, shown));
  places.set(own, rects.at(-1) as Rect);
  const last = hidden > 0 ? rects[shown] : undefined;
  return { places, floating: false, inSight: shown, ...(last ? { more: { rect: last, count: hidden } } : {}) };
}

const seatsAt = (seats: readonly string[], rects: readonly Rect[]): Map<string, Rect> =>
  new Map(rects.map((rect, seat) => [seats[seat] as string, rect]));

/** One's own tile stands in a corner of the grid, or in the margin around it where that hides much less of the others. */
function ownPlace(corner: Corner, size: Size, area: Size, rects: readonly Rect[]): Rect {
  const outer = cornerRect(corner, { x: 0, y: 0, ...area }, size, INSET);
  if (rects.length === 0) return outer;
  const inner = cornerRect(corner, boundsOf(rects), size, INSET);
  const hiddenBy = (top: Rect) => rects.reduce((sum, rect) => sum + overlap(top, rect), 0);
  return hiddenBy(outer) < hiddenBy(inner) / 2 ? outer : inner;
}

function boundsOf(rects: readonly Rect[]): Rect {
  const x = Math.min(...rects.map(rect => rect.x));
  const y = Math.min(...rects.map(rect => rect.y));
  const right = Math.max(...rects.map(rect => rect.x + rect.width));
  const bottom = Math.max(...rects.map(rect => rect.y + rect.height));
  return { x, y, width: right - x, height: bottom - y };
}

/** What two rectangles share, in square pixels. */
function overlap(a: Rect, b: Rect): number {
  const across = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const down = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  return Math.max(0, across) * Math.max(0, down);
}

/** The largest part of one of `rects` that lies under `top`. */
const mostHidden = (top: Rect, rects: readonly Rect[]): number =>
  Math.max(0, ...rects.map(rect => overlap(top, rect) / (rect.width * rect.height)));

/** The largest rectangle of a shape within another, in its middle. */
function shaped({ x, y, width, height }: Rect, shape: number): Rect {
  const [w, h] = [Math.min(width, Math.round(height * shape)), Math.min(height, Math.round(width / shape))];
  return { x: x + Math.round((width - w) / 2), y: y + Math.round((height - h) / 2), width: w, height: h };
}

function staged({ area, seats, own, focusShape, focusWhole }: Scene, focus: string): Arrangement {
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
  const places = new Map<string, Rect>([[focus, focusWhole ? shaped(stage, focusShape) : stage]]);
  for (const [seat, key] of others.slice(0, shown).entries()) places.set(key, rects[seat] as Rect);
  const last = hidden > 0 ? rects[shown] : undefined;
  const ownRect = rects[count - 1];
  if (ownCount === 1 && ownRect) places.set(own, ownRect);
  return { places, floating: false, inSight: shown, ...(last ? { more: { rect: last, count: hidden } } : {}) };
}
