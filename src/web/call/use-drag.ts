import type { RefObject } from "preact";
import type { Rect } from "../layout/grid.ts";

interface Point {
  readonly x: number;
  readonly y: number;
}

/** How far back the hand's speed is taken from, in milliseconds. */
const MEMORY = 80;
/** A pointer that moved less than this, in pixels, has clicked. */
const SLACK = 4;

/**
 * Lets a pointer carry an element that stands at `rect`.
 *
 * @param onDrop - Told where the middle of the element was let go, and how fast, in pixels a millisecond.
 * @returns The `pointerdown` handler.
 */
export function useDrag(
  element: RefObject<HTMLElement | null>,
  rect: Rect,
  onDrop: (centre: Point, speed: Point) => void,
): (event: PointerEvent) => void {
  return event => {
    const box = element.current;
    if (!box || event.button !== 0) return;
    const handle = event.currentTarget as HTMLElement;
    handle.setPointerCapture(event.pointerId);
    const start = { x: event.clientX, y: event.clientY };
    const trail: (Point & { at: number })[] = [];
    let moved = false;

    const at = (e: PointerEvent): Point => ({ x: rect.x + e.clientX - start.x, y: rect.y + e.clientY - start.y });
    const onMove = (e: PointerEvent) => {
      moved ||= Math.hypot(e.clientX - start.x, e.clientY - start.y) > SLACK;
      if (!moved) return;
      const point = at(e);
      trail.push({ ...point, at: e.timeStamp });
      while (trail.length > 2 && e.timeStamp - (trail[0]?.at ?? 0) > MEMORY) trail.shift();
      box.classList.add("dragged");
      box.style.transform = `translate(${point.x}px, ${point.y}px)`;
    };
    const onEnd = (e: PointerEvent) => {
      handle.removeEventListener("pointermove", onMove);
      handle.removeEventListener("pointerup", onEnd);
      handle.removeEventListener("pointercancel", onEnd);
      box.classList.remove("dragged");
      if (!moved) return;
      const point = at(e);
      const from = trail[0];
      const time = from ? e.timeStamp - from.at : 0;
      const speed = from && time > 0 ? { x: (point.x - from.x) / time, y: (point.y - from.y) / time } : { x: 0, y: 0 };
      onDrop({ x: point.x + rect.width / 2, y: point.y + rect.height / 2 }, speed);
    };
    handle.addEventListener("pointermove", onMove);
    handle.addEventListener("pointerup", onEnd);
    handle.addEventListener("pointercancel", onEnd);
  };
}
