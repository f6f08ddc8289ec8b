import type { SlotChange } from "../room/receiver-types.ts";
import type { SourceKind } from "../room/source.ts";
import { createNetsim, type Netsim } from "./netsim.ts";
import { createRoomHarness, type Guest, type GuestOptions, type RoomHarness } from "./room-harness.ts";

/** A path as between cities. */
export const PATH = { uplink: { delay: 20 }, downlink: { delay: 20 } };

/** A room and its guests, who have been there from the start. */
export function open(...guests: Omit<GuestOptions, "participant">[]) {
  const sim = createNetsim(3);
  const harness = createRoomHarness(sim);
  const present = guests.map((options, i) => harness.join({ participant: i + 1, ...PATH, ...options }));
  return { sim, harness, present };
}

/** What a guest's client was told last, by slot. */
export function shown(guest: Guest): Map<number, SlotChange> {
  return new Map(guest.changes.map(change => [change.slot, change]));
}

/** Source numbers of a guest's live slots of a medium, in slot order. */
export function live(guest: Guest, media: "audio" | "video"): number[] {
  const told = shown(guest);
  return guest.slots.flatMap((slot, i) => {
    const change = told.get(i);
    return slot.media === media && change?.state === "live" ? [change.source] : [];
  });
}

/** Mutes or unmutes a guest's source of a kind. */
export function setMuted(
  { harness, sim }: { readonly harness: RoomHarness; readonly sim: Netsim },
  guest: Guest,
  kind: SourceKind,
  muted: boolean,
) {
  const source = guest.sources.find(candidate => candidate.kind === kind)!;
  harness.router.setMuted(source, muted, sim.now);
  return source;
}

/** Slots enough for three others. */
export const PAIRS = { pairs: 3, floating: 1 };
