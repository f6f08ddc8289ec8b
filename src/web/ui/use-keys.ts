import { useEffect } from "preact/hooks";
import { preferences } from "../state/preferences.ts";

/** What a key press asks for, as it is written in tables and tooltips: `M`, `?`, `Shift+Q`, `Escape`. */
export function keyOf(event: Pick<KeyboardEvent, "key" | "shiftKey">): string {
  if (event.key.length > 1) return event.key;
  const letter = event.key.toUpperCase();
  return event.shiftKey && /^[A-Z]$/.test(letter) ? `Shift+${letter}` : letter;
}

const isTyping = (target: EventTarget | null) =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));

/**
 * Acts on keys anywhere on the page, but not while somebody types, nor in an open dialog.
 *
 * @param act - Does what the key asks for; true if it did.
 */
export function useKeys(act: (key: string) => boolean): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      const key = keyOf(event);
      if (key === "Escape") document.documentElement.dataset.tips = "off";
      else if (preferences.keys.value === "off" || isTyping(event.target)) return;
      if (document.querySelector("dialog[open], [popover]:popover-open")) return;
      if (act(key)) event.preventDefault();
    };
    const tipsAgain = () => delete document.documentElement.dataset.tips;
    addEventListener("keydown", onKey);
    addEventListener("pointermove", tipsAgain);
    addEventListener("focusin", tipsAgain);
    return () => {
      removeEventListener("keydown", onKey);
      removeEventListener("pointermove", tipsAgain);
      removeEventListener("focusin", tipsAgain);
    };
  }, [act]);
}
