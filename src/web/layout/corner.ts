import type { Rect, Size } from "./grid.ts";

/** Where one's own picture rests. */
export const CORNERS = ["top-left", "top-right", "bottom-left", "bottom-right"] as const;
export type Corner = (typeof CORNERS)[number];

export const isCorner = (value: unknown): value is Corner => CORNERS.includes(value as Corner);

const of = (bottom: boolean, right: boolean): Corner =>
  `${bottom ? "bottom" : "top"}-${right ? "right" : "left"}` as const;

/** The rectangle of `size` in a corner of `bounds`, `inset` pixels from their edges. */
export function cornerRect(corner: Corner, bounds: Rect, size: Size, inset: number): Rect {
  const [right, bottom] = [bounds.width - size.width - inset, bounds.height - size.height - inset];
  return {
    x: bounds.x + (corner.endsWith("right") ? Math.max(inset, right) : inset),
    y: bounds.y + (corner.startsWith("bottom") ? Math.max(inset, bottom) : inset),
    ...size,
  };
}

/** How long a flick carries on, in milliseconds: what is thrown lands where the hand meant it to. */
const CARRY = 160;

/**
 * The corner that a released tile goes to.
 *
 * @param centre - Middle of the tile as it was let go.
 * @param speed - Of the hand, in pixels per millisecond.
 */
export function cornerAfterDrag(centre: { x: number; y: number }, speed: { x: number; y: number }, area: Size): Corner {
  return of(centre.y + speed.y * CARRY > area.height / 2, centre.x + speed.x * CARRY > area.width / 2);
}

/** The corner that an arrow key leads to, or `undefined` for other keys. */
export function cornerAfterKey(corner: Corner, key: string): Corner | undefined {
  const [bottom, right] = [corner.startsWith("bottom"), corner.endsWith("right")];
  switch (key) {
    case "ArrowUp":
      return of(false, right);
    case "ArrowDown":
      return of(true, right);
    case "ArrowLeft":
      return of(bottom, false);
    case "ArrowRight":
      return of(bottom, true);
    default:
      return undefined;
  }
}

/** The next corner clockwise. */
export const nextCorner = (corner: Corner): Corner =>
  corner.startsWith("top") ? of(corner.endsWith("right"), true) : of(corner.endsWith("right"), false);

/**
 * How large one's own picture is in the grid: small beside the others, in the shape it is sent in.
 *
 * @param shape - Width / height of one's own picture.
 */
export function ownSize(area: Size, shape: number): Size {
  const bounded = Math.min(16 / 9, Math.max(3 / 4, shape));
  const side = Math.min(area.width, area.height);
  const surface = Math.min(232 * 130, Math.max(84 * 84, side * side * 0.055));
  const width = Math.round(Math.sqrt(surface * bounded));
  return { width, height: Math.round(width / bounded) };
}
