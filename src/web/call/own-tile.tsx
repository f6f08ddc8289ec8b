import { useRef } from "preact/hooks";
import { cornerAfterDrag, cornerAfterKey, nextCorner } from "../layout/corner.ts";
import type { Rect, Size } from "../layout/grid.ts";
import { preferences } from "../state/preferences.ts";
import { usePlaced } from "../ui/use-placed.ts";
import { TileControls } from "./tile-controls.tsx";
import { TileFace } from "./tile-face.tsx";
import type { TileModel } from "./tiles.ts";
import { useDrag } from "./use-drag.ts";
import { useTileText } from "./use-tile-text.ts";

interface OwnTileProps {
  readonly tile: TileModel;
  readonly rect: Rect;
  readonly area: Size;
  /** It lies over the others in a corner and can be dragged to another. */
  readonly floating: boolean;
  readonly focused: boolean;
  readonly onShape: (shape: number) => void;
}

/** One's own picture: small, mirrored, in the corner of one's choice. */
export function OwnTile({ tile, rect, area, floating, focused, onShape }: OwnTileProps) {
  const box = useRef<HTMLElement>(null);
  const replace = usePlaced(box, rect);
  const onPointerDown = useDrag(box, rect, (centre, speed) => {
    preferences.corner.value = cornerAfterDrag(centre, speed, area);
    replace();
  });

  const onKeyDown = (event: KeyboardEvent) => {
    const corner = cornerAfterKey(preferences.corner.value, event.key);
    if (!corner) return;
    event.preventDefault();
    event.stopPropagation();
    preferences.corner.value = corner;
  };

  return (
    <article
      ref={box}
      class={`tile own ${floating ? "floating" : ""} ${focused ? "focused" : ""}`}
      aria-label={useTileText(tile)}
      tabIndex={-1}
      data-testid="own-tile"
      data-pid={tile.person.pid}
    >
      <TileFace tile={tile} onShape={onShape}>
        {floating && (
          <button
            type="button"
            class="own-handle"
            aria-label={`Move your picture, now ${preferences.corner.value.replace("-", " ")}; use the arrow keys`}
            onPointerDown={onPointerDown}
            onKeyDown={onKeyDown}
            onClick={event => {
              // A key, not a pointer: pointers drag.
              if (event.detail === 0) preferences.corner.value = nextCorner(preferences.corner.value);
            }}
          />
        )}
      </TileFace>
      <TileControls tile={tile} focused={focused} />
    </article>
  );
}
