import { nameOf, sourceOf } from "../state/people.ts";
import { IconButton } from "../ui/icon-button.tsx";
import { useCall } from "./call-context.ts";
import type { TileModel } from "./tiles.ts";

/** What can be done with a tile: shown on hover, focus and tap. */
export function TileControls({ tile, focused }: { tile: TileModel; focused: boolean }) {
  const call = useCall();
  const { person, own, key, kind } = tile;
  const name = own ? "your picture" : kind === "screen" ? `the screen of ${nameOf(person)}` : nameOf(person);
  const pinned = call.view.pinned.value === key;
  const mic = sourceOf(person, "mic");
  const mayMute = !own && kind === "person" && call.you.value.grants.moderate === true && mic && !mic.muted;
  return (
    <div class="tile-controls">
      {mayMute && (
        <IconButton
          icon="mic-off"
          size="small"
          side="bottom"
          label={`Mute ${nameOf(person)}`}
          onClick={() => call.attempt(call.room.mute(mic.number))}
        />
      )}
      {(!focused || pinned) && (
        <IconButton
          icon={pinned ? "pin-off" : "pin"}
          size="small"
          side="bottom"
          label={pinned ? `Unpin ${name}` : `Pin ${name}`}
          onClick={() => call.view.togglePin(key)}
          testId="pin"
        />
      )}
    </div>
  );
}
