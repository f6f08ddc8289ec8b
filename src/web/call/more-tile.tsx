import { useRef } from "preact/hooks";
import type { Rect } from "../layout/grid.ts";
import { usePlaced } from "../ui/use-placed.ts";
import { useCall } from "./call-context.ts";

/** Stands for those who are in the call but not in sight. */
export function MoreTile({ rect, count }: { rect: Rect; count: number }) {
  const { view } = useCall();
  const box = useRef<HTMLButtonElement>(null);
  usePlaced(box, rect);
  return (
    <button
      ref={box}
      type="button"
      class="tile more-tile numbers"
      aria-label={`${count} more; show all people`}
      onClick={() => {
        view.panel.value = "people";
      }}
    >
      +{count}
    </button>
  );
}
