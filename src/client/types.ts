/**
 * The SDK's public shapes.
 * @module
 */
import type { ReceivedSignal } from "../protocol/commands.ts";
import type { TandemError } from "../protocol/errors.ts";
import type { EventType, RoomEvent } from "../protocol/events.ts";
import type { Grants } from "../protocol/grants.ts";
import type { ChatMessage, Participant, Source, Topology } from "../protocol/model.ts";
import type { SourceKind } from "../protocol/names.ts";
import type { Emitter, Failure, Status, Store } from "./core/index.ts";
import type { IncomingMedia, MediaConnection, OpenConnection } from "./media-path.ts";
import type { Phones } from "./phones.ts";
import type { Listening, Wishes } from "./session/session.ts";

/** A source and, when it flows here, its media. */
export interface SourceView extends Source {
  /** For one's own sources the published track. */
  readonly track?: MediaStreamTrack;
  /** A stream of that track alone, for a media element's `srcObject`. */
  readonly stream?: MediaStream;
  /** Why there is none although a media node has a place for it: `unsupported-codec`, `no-bandwidth`, `no-grant`, `waiting`. */
  readonly withheld?: string;
}

export interface ParticipantView extends Omit<Participant, "sources"> {
  readonly sources: readonly SourceView[];
  /** State of the media connection to it. */
  readonly connection: MediaConnection;
}

/** Everybody else as one sound. */
export interface Mix extends IncomingMedia {
  /** Numbers of the participants who speak in it, loudest first. */
  readonly speakers: readonly number[];
}

/**
 * The room at one moment. Immutable: whatever has not changed since the snapshot before is the same object in both, so that
 * a view compares by identity.
 */
export interface RoomSnapshot {
  readonly status: Status;
  /** Why the room is closed to us, unless we left. */
  readonly error?: Failure;
  readonly you: ParticipantView & { readonly grants: Grants };
  /** The others, by participant number, i.e. in order of joining. */
  readonly participants: readonly ParticipantView[];
  /** All others in one track, while a media node mixes them for us: then their own microphones have none. */
  readonly mix?: Mix;
  /** Newest last: the last 50 of before we came, and all since. */
  readonly chat: readonly ChatMessage[];
  readonly metadata?: string;
  readonly topology: Topology;
}

/** What {@link Room.on} tells of: every event of the room by its type, exactly once, and what concerns one's own place. */
export type RoomEvents = { [T in EventType]: RoomEvent<T> } & {
  "app.message": ReceivedSignal<"app.message">;
  status: Status;
  /** Something failed that no promise tells. */
  error: TandemError;
};

export interface PublishOptions {
  readonly kind: SourceKind;
  readonly name?: string;
  /** Publish it muted: nothing is sent until `unmute()`. */
  readonly muted?: boolean;
  /** Gives the publication up; once published, ends it. */
  readonly signal?: AbortSignal;
}

/** A track of ours in the room. */
export interface LocalSource {
  /** Its source number. Another one after we had to join anew. */
  readonly number: number;
  readonly kind: SourceKind;
  readonly track: MediaStreamTrack;
  /** Whether it is muted, by us or by a moderator. */
  readonly muted: boolean;
  /**
   * Send nothing from now on. The track itself goes on: whoever wants the camera's light to go out stops the track, and
   * brings another by {@link replaceTrack} before `unmute()`.
   */
  mute(): Promise<void>;
  /** Send again; also what a moderator has muted. */
  unmute(): Promise<void>;
  /** Send another track of the same media kind, without negotiation. The old one is not stopped. */
  replaceTrack(track: MediaStreamTrack): Promise<void>;
  /** Take it out of the room; idempotent. The track is not stopped. */
  unpublish(): Promise<void>;
}

export interface Room {
  /** Id of the room. */
  readonly id: string;
  readonly store: Store<RoomSnapshot>;
  on<T extends keyof RoomEvents>(
    type: T,
    listener: (event: RoomEvents[T]) => void,
    options?: Parameters<Emitter<RoomEvents>["on"]>[2],
  ): () => void;
  /** Publish any track. Needs the `publish` grant for its kind. Outlives lost connections, and a fresh join. */
  publish(track: MediaStreamTrack, options: PublishOptions): Promise<LocalSource>;
  /** Change one's own profile by a delta: an attribute set to null goes. Needs the `profile` grant. */
  updateProfile(changes: ProfileChanges): Promise<void>;
  readonly chat: {
    /** Needs the `chat` grant; at most 4 KiB. */
    send(text: string): Promise<void>;
    /** Messages older than `before` (a message id), oldest first. */
    history(options?: { before?: number; limit?: number }): Promise<{ messages: ChatMessage[]; more: boolean }>;
  };
  /**
   * Send any JSON value to some or to all others, at most once: it is lost to whoever has no connection now. Needs the
   * `data` grant. Rejects if it can't leave; what the room answers comes as `error`.
   */
  send(data: unknown, options?: { to?: string[]; topic?: string }): Promise<void>;
  /** Mute somebody's source. Needs the `moderate` grant, as do the next two. */
  mute(sourceNumber: number): Promise<void>;
  remove(pid: string, reason?: string): Promise<void>;
  setMetadata(metadata: string): Promise<void>;
  /** Telephones: to call them into the room and to handle their calls. Needs the `dial` grant. */
  readonly phones: Phones;
  /**
   * Say which videos are to be seen, best first, in what size: counts where a media node carries the room and there are more
   * than it can show. Null (the default): whoever speaks.
   */
  wish(videos: Wishes): void;
  /**
   * How to hear the others where a media node carries the room: as one `mix` (for weak devices and narrow lines; the picture is
   * then of who speaks), or as `sources` of their own. Null (the default): as the room's topology has it.
   */
  listen(to: Listening): void;
  /** Peer connections as they are now, to read figures from. Negotiating on them breaks the call. */
  readonly connections: readonly OpenConnection[];
  /** Leave and end everything of this room; idempotent. Published tracks are not stopped. */
  leave(): Promise<void>;
}

export interface ProfileChanges {
  name?: string;
  metadata?: string;
  attributes?: Record<string, string | null>;
}
