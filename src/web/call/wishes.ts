import type { Rect } from "../layout/grid.ts";
import type { Room } from "../state/sdk.ts";
import type { TileModel } from "./tiles.ts";

type Wish = NonNullable<Parameters<Room["wish"]>[0]>[number];

/** Heights worth telling apart, in device pixels: a window that is being resized must not send a wish for every pixel. */
const HEIGHTS = [90, 180, 360, 540, 720, 1080, 1440, 2160];

const roundUp = (height: number): number => HEIGHTS.find(step => height <= step) ?? 2160;

interface Sight {
  /** Tiles in sight, in seat order. */
  readonly tiles: readonly TileModel[];
  readonly places: ReadonlyMap<string, Rect>;
  /** Key of the tile on the stage. */
  readonly focus: string | undefined;
  /** When each participant last spoke, in milliseconds. */
  readonly spoke: ReadonlyMap<string, number>;
  /** Device pixels to a CSS pixel. */
  readonly density: number;
}

/** The videos that this window shows, best first, each in the size of its tile: what the stage holds, then who spoke last. */
export function wishesOf({ tiles, places, focus, spoke, density }: Sight): readonly Wish[] {
  const rank = (tile: TileModel) => (tile.key === focus ? Number.POSITIVE_INFINITY : (spoke.get(tile.person.pid) ?? 0));
  return tiles
    .toSorted((a, b) => (rank(a) === rank(b) ? 0 : rank(b) - rank(a)))
    .flatMap(({ key, source }) => {
      const rect = places.get(key);
      if (!rect || !source) return [];
      const height = roundUp(rect.height * density);
      const width = Math.round((height * rect.width) / rect.height / 16) * 16;
      return [{ source: source.number, width, height, priority: key === focus ? 200 : 100 }];
    });
}
