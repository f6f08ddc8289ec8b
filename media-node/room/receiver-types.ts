import type { Sink } from "./sink.ts";
import type { SourceKind } from "./source.ts";

/** Why a slot shows what it shows. */
export type SlotState =
  | "empty"
  | "live"
  /** Its source is muted: nothing is sent. */
  | "muted"
  /** Nothing flows until the publisher's next key frame, which was asked for. */
  | "waiting-key-frame"
  /** The receiver didn't negotiate the source's codec. */
  | "unsupported-codec"
  /** The receiver may not see this kind, or the publisher may not send it. */
  | "no-grant"
  /** The receiver's path has no room for it. */
  | "no-bandwidth";

/** What a slot carries from now on. A new `live` source is told in the same turn as its first packet leaves. */
export interface SlotChange {
  /** {@link ReceiverSlot.slot}. */
  readonly slot: number;
  /** Source number, 0 for none. */
  readonly source: number;
  readonly state: SlotState;
}

/** Hears what a client must be told, as plain data. */
export interface ReceiverListener {
  slotChanged(change: SlotChange): void;
  /** Numbers of the participants who speak now, the dominant one first. */
  speakersChanged(participants: readonly number[]): void;
}

/** One of a receiver's slots. */
export interface ReceiverSlot {
  /** The number client and session know it by. */
  readonly slot: number;
  readonly sink: Sink;
  /** Audio: number of the video slot whose participant alone it carries. Without, it is floating. */
  readonly pairedWith?: number;
}

/** What a receiver is made of. */
export interface ReceiverOptions {
  /** Participant number, whose own sources it never gets. */
  readonly participant: number;
  readonly slots: readonly ReceiverSlot[];
  /** Kinds it may receive. */
  readonly kinds: ReadonlySet<SourceKind>;
  /** Numbers of the only sources that it gets; without one, everybody's. */
  readonly only?: ReadonlySet<number> | undefined;
  /** Whether it wants the mix; without one, what the room says. */
  readonly mixed?: boolean | undefined;
  readonly listener: ReceiverListener;
  /** What its path can take; without one everything is sent. */
  readonly budget?: { readonly bitsPerSecond: number };
}
