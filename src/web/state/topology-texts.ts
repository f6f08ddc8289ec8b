import type { Topology } from "../../protocol/model.ts";

const WHY: Readonly<Record<string, string>> = {
  few: "since you are few",
  many: "since you are more than a few",
  forced: "since this room is set to it",
  grants: "since not everybody may send and receive everything",
  "participant-kind": "since a telephone, recorder or player takes part",
  "no-media-node": "since no media node is running",
};

const HOW: Readonly<Record<string, string>> = {
  mesh: "Directly from each to each",
  sfu: "Through a media node",
  mcu: "Mixed by a media node",
  none: "No sound or picture",
};

/** How sound and picture travel now, and why, in one line. */
export function topologyText({ current, reason }: Topology): string {
  const how = HOW[current] ?? current;
  const why = WHY[reason];
  return why ? `${how}, ${why}.` : `${how}.`;
}

/**
 * What to say when nothing can flow: what happened, what still works, what to do.
 *
 * @param chat - Whether the person may use the chat.
 */
export function noMediaText({ reason }: Topology, chat: boolean): string {
  const cause = reason === "no-media-node" ? "" : ` ${WHY[reason] ?? ""}`.trimEnd();
  return `No sound or picture${cause}: the room needs a media node and none is running; ${chat ? "chat works, and " : ""}whoever runs Tandem can start one.`;
}
