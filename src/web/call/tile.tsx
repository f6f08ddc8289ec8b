import { useRef } from "preact/hooks";
import type { Rect } from "../layout/grid.ts";
import { usePlaced } from "../ui/use-placed.ts";
import { TileControls } from "./tile-controls.tsx";
import { TileFace } from "./tile-face.tsx";
import type { TileModel } from "./tiles.ts";
import { useTileText } from "./use-tile-text.ts";

interface TileProps {
  readonly tile: TileModel;
  readonly rect: Rect;
  /** It has the stage to itself. */
  readonly focused: boolean;
  readonly onShape: (shape: number) => void;
}

/** Somebody else's picture, or a screen they share. */
export function Tile({ tile, rect, focused, onShape }: TileProps) {
  const box = useRef<HTMLElement>(null);
  usePlaced(box, rect);
  return (
    <article
      ref={box}
      class={`tile ${focused ? "focused" : ""}`}
      aria-label={useTileText(tile)}
      // A tap brings the controls out where nothing hovers.
      tabIndex={-1}
      data-testid="tile"
      data-pid={tile.person.pid}
      data-kind={tile.kind}
    >
      <TileFace tile={tile} onShape={onShape} />
      <TileControls tile={tile} focused={focused} />
    </article>
  );
}
