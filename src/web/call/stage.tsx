import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { arrange } from "../layout/arrange.ts";
import { seatSpeakers, takeSeats } from "../layout/seats.ts";
import { preferences } from "../state/preferences.ts";
import { useSize } from "../ui/use-size.ts";
import { Alone } from "./alone.tsx";
import { useCall } from "./call-context.ts";
import { MoreTile } from "./more-tile.tsx";
import { OwnTile } from "./own-tile.tsx";
import { Tile } from "./tile.tsx";
import { focusOf, othersTiles, personTile } from "./tiles.ts";
import { wishesOf } from "./wishes.ts";

/** Everybody's tiles. Where each stands is arithmetic (`layout/`); this asks for it and keeps the seats. */
export function Stage() {
  const call = useCall();
  const box = useRef<HTMLElement>(null);
  const area = useSize(box);
  const seats = useRef<readonly string[]>([]);
  const shapes = useSignal<ReadonlyMap<string, number>>(new Map());

  const own = personTile(call.you.value, true);
  const tiles = othersTiles(call.others.value);
  const focus = focusOf({
    tiles,
    own,
    pinned: call.view.pinned.value,
    layout: preferences.layout.value,
    lastSpeaker: call.speaking.last.value,
  });
  const onShape = (key: string, shape: number) => {
    if (shapes.value.get(key) !== shape) shapes.value = new Map(shapes.value).set(key, shape);
  };

  const taken = takeSeats(
    seats.current,
    tiles.map(tile => tile.key),
  );
  const scene = {
    area,
    own: own.key,
    corner: preferences.corner.value,
    focus,
    sent: tiles.flatMap(({ key, kind, source }) => (kind === "person" && source ? (shapes.value.get(key) ?? []) : [])),
    ownShape: shapes.value.get(own.key) ?? 16 / 9,
    focusWhole: tiles.some(tile => tile.key === focus && tile.kind === "screen"),
    focusShape: shapes.value.get(focus ?? "") ?? 16 / 9,
  };
  const first = arrange({ ...scene, seats: taken });
  const seated = seatSpeakers(taken, first.inSight, call.speaking.times);
  const { places, floating, more } = seated === taken ? first : arrange({ ...scene, seats: seated });
  useLayoutEffect(() => {
    seats.current = seated;
  });

  const wishes = wishesOf({ tiles, places, focus, spoke: call.speaking.times, density: devicePixelRatio });
  useEffect(() => call.room.wish([...wishes]), [call.room, JSON.stringify(wishes)]);

  const byKey = new Map(tiles.map(tile => [tile.key, tile]));
  const ownPlace = places.get(own.key);
  return (
    <main class="stage" ref={box} aria-label="Pictures">
      {tiles.length === 0 && focus === undefined && <Alone />}
      {area.width > 0 &&
        seated.map(key => {
          const [tile, rect] = [byKey.get(key), places.get(key)];
          if (!tile || !rect) return null;
          return (
            <Tile key={key} tile={tile} rect={rect} focused={key === focus} onShape={shape => onShape(key, shape)} />
          );
        })}
      {more && <MoreTile rect={more.rect} count={more.count} />}
      {area.width > 0 && ownPlace && (
        <OwnTile
          tile={own}
          rect={ownPlace}
          area={area}
          floating={floating}
          focused={own.key === focus}
          onShape={shape => onShape(own.key, shape)}
        />
      )}
    </main>
  );
}
