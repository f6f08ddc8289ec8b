import { isAudible, nameOf, sourceOf } from "../state/people.ts";
import { callStateText } from "../state/phones.ts";
import type { ParticipantView, RoomSnapshot, SourceView } from "../state/sdk.ts";

/** Something with a place on the stage: a participant with their camera, or a shared screen. */
export interface TileModel {
  readonly key: string;
  readonly kind: "person" | "screen";
  readonly person: ParticipantView;
  /** The picture's source; absent while there is no camera. */
  readonly source: SourceView | undefined;
  readonly own: boolean;
}

/** A participant's tile. A muted camera counts as none. */
export function personTile(person: ParticipantView, own: boolean): TileModel {
  const camera = sourceOf(person, "camera");
  return { key: person.pid, kind: "person", person, source: camera?.muted ? undefined : camera, own };
}

/** Everybody else's tiles, people first, then the screens they share; both in order of arrival. */
export function othersTiles(participants: readonly ParticipantView[]): readonly TileModel[] {
  const screens = participants.flatMap(person =>
    person.sources
      .filter(source => source.kind === "screen")
      .map((source): TileModel => ({ key: `s${source.number}`, kind: "screen", person, source, own: false })),
  );
  return [...participants.map(person => personTile(person, false)), ...screens];
}

interface FocusInput {
  readonly tiles: readonly TileModel[];
  readonly own: TileModel;
  readonly pinned: string | undefined;
  readonly layout: "grid" | "speaker";
  readonly lastSpeaker: string | undefined;
}

/** Which tile takes the stage: a pinned one, else the newest shared screen, else in speaker layout whoever spoke last. */
export function focusOf({ tiles, own, pinned, layout, lastSpeaker }: FocusInput): string | undefined {
  if (pinned !== undefined && (pinned === own.key || tiles.some(tile => tile.key === pinned))) return pinned;
  const screen = tiles.findLast(tile => tile.kind === "screen");
  if (screen) return screen.key;
  if (layout === "grid") return undefined;
  return tiles.find(tile => tile.key === lastSpeaker)?.key ?? tiles[0]?.key;
}

interface Heard {
  readonly hand: boolean;
  readonly speaking: boolean;
  /** Why the connection is poor, if it is. */
  readonly poor: string | undefined;
  readonly status: RoomSnapshot["status"];
}

/** What a screen reader says of a tile. */
export function describeTile(tile: TileModel, { hand, speaking, poor, status }: Heard): string {
  const name = tile.own ? "You" : nameOf(tile.person);
  if (tile.kind === "screen") return `Screen of ${name}`;
  const parts = [name];
  if (!isAudible(tile.person)) parts.push("microphone off");
  if (!tile.source) parts.push("camera off");
  if (hand) parts.push("hand up");
  if (speaking) parts.push("speaking");
  const trouble = troubleOf(tile, status) ?? poor;
  if (trouble) parts.push(trouble.toLowerCase());
  return parts.join(", ");
}

/** What is wrong with the way to somebody, if anything is. */
export function troubleOf({ person, own, source }: TileModel, status: RoomSnapshot["status"]): string | undefined {
  if (own) return status === "reconnecting" ? "Reconnecting…" : undefined;
  if (person.state === "away") return "Reconnecting…";
  const waits = callStateText(person);
  if (waits) return waits;
  if (person.connection === "connecting") return "Connecting…";
  if (person.connection === "interrupted") return "Interrupted…";
  return source?.withheld === undefined ? undefined : WITHHELD[source.withheld];
}

/** Why a picture is not shown although there is one. While it is merely awaited, nothing is wrong. */
const WITHHELD: Readonly<Record<string, string>> = {
  "unsupported-codec": "This browser can't show their video format",
  "no-bandwidth": "Picture paused: the line is narrow",
  "no-grant": "You may not see this picture",
};
