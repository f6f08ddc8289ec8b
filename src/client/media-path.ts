/**
 * The seam between a room and the way its media takes. Mesh is one implementation; a session with a media node is another,
 * and a room moves from one to the other by having both for a while.
 * @module
 */
import type { ReceivedSignal } from "../protocol/commands.ts";
import type { Participant, Self } from "../protocol/model.ts";
import type { SourceKind } from "../protocol/names.ts";

/** One of our sources as it should leave. */
export interface OutgoingSource {
  readonly number: number;
  readonly kind: SourceKind;
  readonly track: MediaStreamTrack;
  /** False while muted: the source stays, and nothing is sent for it. */
  readonly sending: boolean;
}

/** Media of somebody else's source as it arrives. */
export interface IncomingMedia {
  readonly track: MediaStreamTrack;
  /** A stream of this track alone, to hand to a media element. */
  readonly stream: MediaStream;
}

/** How the media connection to a participant stands. `none`: there is none, or nothing to carry. */
export type MediaConnection = "connecting" | "connected" | "interrupted" | "none";

/** What the room wants of its media. */
export interface Wanted {
  readonly you: Self;
  readonly participants: readonly Participant[];
  readonly sources: readonly OutgoingSource[];
}

/** A peer connection of ours, for figures about it. */
export interface OpenConnection {
  /** The participant at its other end; undefined: the media node, which carries everybody. */
  readonly pid: string | undefined;
  readonly connection: RTCPeerConnection;
}

export interface MediaPath {
  /** Bring the path in line with what is wanted. Idempotent; called after every change. */
  sync(wanted: Wanted): void;
  /** Media by source number, as it arrives now. */
  readonly incoming: ReadonlyMap<number, IncomingMedia>;
  /** Why a source is not shown although somebody means to: a word of `SLOT_STATES`. */
  withheld(number: number): string | undefined;
  /** State of the media connection to a participant. */
  connectionTo(pid: string): MediaConnection;
  readonly connections: readonly OpenConnection[];
  /** A signal for this path. */
  receive(signal: ReceivedSignal<"peer.description" | "peer.candidates" | "peer.ack" | "peer.done">): void;
  /** We are in step with the room again after a lost connection: send again what may have been lost. */
  resumed(): void;
  /** The host's network is another one. */
  networkChanged(): void;
  /** Another path carries all that this one does: end it, without taking from others what they still get by it. */
  retire(): void;
  /** End all connections; idempotent. */
  close(): void;
}

/** Makers of what only a browser has, so that tests can bring their own. */
export interface MediaHost {
  createConnection(configuration: RTCConfiguration): RTCPeerConnection;
  createStream(tracks: MediaStreamTrack[]): MediaStream;
}
