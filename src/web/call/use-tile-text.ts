import { handOf } from "../state/people.ts";
import { poorText } from "../state/quality.ts";
import { useCall } from "./call-context.ts";
import { describeTile, type TileModel } from "./tiles.ts";

/** What a screen reader says of a tile. */
export function useTileText(tile: TileModel): string {
  const call = useCall();
  return describeTile(tile, {
    hand: handOf(tile.person) !== undefined,
    speaking: call.speaking.now.value.has(tile.person.pid),
    poor: poorText(call.quality.value.get(tile.person.pid), tile.own, call.topology.value.current),
    status: call.status.value,
  });
}
