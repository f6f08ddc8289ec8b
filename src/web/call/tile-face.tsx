import type { ComponentChildren } from "preact";
import { handOf, isAudible, nameOf } from "../state/people.ts";
import { poorText } from "../state/quality.ts";
import { Face } from "../ui/face.tsx";
import { Icon } from "../ui/icon.tsx";
import { Video } from "../ui/video.tsx";
import { useCall } from "./call-context.ts";
import { type TileModel, troubleOf } from "./tiles.ts";

interface TileFaceProps {
  readonly tile: TileModel;
  readonly onShape: (shape: number) => void;
  /** Lies over the picture. */
  readonly children?: ComponentChildren;
}

/** Picture or initials, with the marks on them. */
export function TileFace({ tile, onShape, children }: TileFaceProps) {
  const call = useCall();
  const { person, source, own, kind } = tile;
  const name = nameOf(person);
  const screen = kind === "screen";
  const trouble = troubleOf(tile, call.status.value);
  const poor = screen ? undefined : poorText(call.quality.value.get(person.pid), own, call.topology.value.current);
  const speaking = !screen && call.speaking.now.value.has(person.pid);
  const mirrored = own && source?.track?.getSettings().facingMode !== "environment";
  return (
    <>
      <div class={`tile-picture ${trouble ? "dimmed" : ""}`} aria-hidden="true">
        {!screen && <Face name={name} phone={person.kind === "phone"} shape="tile" />}
        {source?.track && (
          <Video track={source.track} mirrored={mirrored} fit={screen ? "contain" : "auto"} onShape={onShape} />
        )}
      </div>
      <div class="tile-marks" aria-hidden="true">
        {!screen && handOf(person) !== undefined && (
          <span class="mark-hand">
            <Icon name="hand" size={18} />
          </span>
        )}
        {trouble && <span class="chip">{trouble}</span>}
        {!trouble && poor && (
          <span class="chip">
            <Icon name="weak" size={16} />
            <span>{poor}</span>
          </span>
        )}
      </div>
      <p class="tile-name chip" aria-hidden="true">
        {!screen && !isAudible(person) && <Icon name="mic-off" size={16} />}
        {screen && <Icon name="share" size={16} />}
        {person.kind === "phone" && <Icon name="phone" size={16} />}
        <bdi>{own ? "You" : name}</bdi>
      </p>
      <span class={`tile-ring ${speaking ? "speaking" : ""}`} />
      {children}
    </>
  );
}
