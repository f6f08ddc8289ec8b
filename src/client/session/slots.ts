/**
 * What the slots show: the node's mapping, held against the packets themselves.
 * @module
 */
import type * as v from "valibot";
import type { NODE_MEDIA } from "../../protocol/media.ts";
import type { Surroundings } from "../core/index.ts";
import type { IncomingMedia, MediaHost } from "../media-path.ts";

/** How often a new mapping is held against what arrives, in ms. */
const LOOK = 30;

interface Slot {
  readonly receiver: RTCRtpReceiver;
  readonly media: IncomingMedia;
  source: number;
  /** Whom it would show, and why it does not. */
  withheld: { readonly source: number; readonly state: string } | undefined;
  /** Whether what arrives is the mapped source's, as far as is known. */
  agreed: boolean;
}

export interface Slots {
  /** A `slots` message of the node. */
  map(message: v.InferOutput<(typeof NODE_MEDIA)["slots"]>): void;
  readonly incoming: ReadonlyMap<number, IncomingMedia>;
  /** Why a source that a slot is meant for is not shown, in the node's word. */
  withheld(source: number): string | undefined;
  close(): void;
}

/** The source that the newest packets of a receiver name; older entries linger for ten seconds. */
function arriving(receiver: RTCRtpReceiver): number | undefined {
  let newest: RTCRtpContributingSource | undefined;
  for (const entry of receiver.getContributingSources())
    if (!newest || entry.timestamp > newest.timestamp) newest = entry;
  return newest?.source;
}

/**
 * Follow the slots whose receivers `receiverOf` knows. The name under a face is never wrong: a picture counts as somebody's once the
 * mapping and the packets say so. (A voice has no name under it, and Chromium tells its source only while it plays.)
 */
export function createSlots(
  receiverOf: (mid: string) => RTCRtpReceiver | undefined,
  host: MediaHost,
  surroundings: Surroundings,
  changed: () => void,
): Slots {
  const slots = new Map<string, Slot>();
  let incoming = new Map<number, IncomingMedia>();
  let cancel: (() => void) | undefined;

  const render = (): void => {
    incoming = new Map();
    for (const { source, agreed, media } of slots.values()) if (source !== 0 && agreed) incoming.set(source, media);
    changed();
  };

  const look = (): void => {
    cancel = undefined;
    let waiting = false;
    let news = false;
    for (const slot of slots.values()) {
      if (slot.agreed || slot.source === 0) continue;
      slot.agreed = arriving(slot.receiver) === slot.source;
      if (slot.agreed) news = true;
      else waiting = true;
    }
    if (waiting) cancel = surroundings.setTimer(look, LOOK);
    if (news) render();
  };

  const slotOf = (mid: string): Slot | undefined => {
    const known = slots.get(mid);
    if (known) return known;
    const receiver = receiverOf(mid);
    if (!receiver) return undefined;
    const { track } = receiver;
    const media = { track, stream: host.createStream([track]) };
    const slot: Slot = { receiver, media, source: 0, withheld: undefined, agreed: false };
    slots.set(mid, slot);
    return slot;
  };

  return {
    map({ slots: mapped }) {
      for (const { mid, source, state } of mapped) {
        const slot = slotOf(mid);
        if (!slot) continue;
        const shown = state === "live" || state === "muted" ? source : 0;
        slot.withheld = source !== 0 && shown === 0 ? { source, state } : undefined;
        if (shown === slot.source) continue;
        slot.source = shown;
        slot.agreed = shown !== 0 && slot.media.track.kind === "audio";
      }
      render();
      if (!cancel) look();
    },
    get incoming() {
      return incoming;
    },
    withheld(source) {
      for (const { withheld } of slots.values()) if (withheld?.source === source) return withheld.state;
      return undefined;
    },
    close() {
      cancel?.();
    },
  };
}
