import type { RefObject } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { Rect } from "../layout/grid.ts";

const TIMING: KeyframeAnimationOptions = { duration: 180, easing: "cubic-bezier(0.2, 0.7, 0.2, 1)" };

const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

let lastResize = Number.NEGATIVE_INFINITY;
addEventListener("resize", () => {
  lastResize = performance.now();
});
/** While somebody drags the window's edge, everything follows the edge and nothing lags behind it. */
const resizing = () => performance.now() - lastResize < 250;

/**
 * Puts an element at `rect` inside its parent and moves it there from wherever it is seen now (FLIP: by transform only,
 * so nothing is laid out on the way; a second move begins in the middle of the first).
 *
 * @returns Puts it back there, for a hand that carried it off.
 */
export function usePlaced(element: RefObject<HTMLElement | null>, { x, y, width, height }: Rect): () => void {
  const placed = useRef(false);
  const animation = useRef<Animation | undefined>(undefined);

  const place = () => {
    const box = element.current;
    if (!box || width === 0) return;
    const lively = !still() && !resizing();
    const from = placed.current && lively ? seenIn(box) : undefined;
    animation.current?.cancel();
    const there = `translate(${x}px, ${y}px)`;
    Object.assign(box.style, { width: `${width}px`, height: `${height}px`, transform: there });
    if (from && from.width > 0) {
      const scale = `scale(${from.width / width}, ${from.height / height})`;
      animation.current = box.animate(
        [{ transform: `translate(${from.x}px, ${from.y}px) ${scale}` }, { transform: there }],
        TIMING,
      );
    } else if (!placed.current && lively) {
      animation.current = box.animate([{ opacity: 0, transform: `${there} scale(0.96)` }, { opacity: 1 }], TIMING);
    }
    placed.current = true;
  };
  useLayoutEffect(place, [x, y, width, height]);
  return place;
}

function seenIn(box: HTMLElement): Rect {
  const seen = box.getBoundingClientRect();
  const parent = box.offsetParent?.getBoundingClientRect();
  return { x: seen.x - (parent?.x ?? 0), y: seen.y - (parent?.y ?? 0), width: seen.width, height: seen.height };
}
