/**
 * Tandem's SDK for browsers.
 *
 * ```js
 * const room = await joinRoom({ url: "https://calls.example.com", token });
 * const { track } = await openMicrophone();            // from "tandem/devices"
 * await room.publish(track, { kind: "mic" });
 * room.store.subscribe(() => draw(room.store.get()));
 * ```
 * @module
 */
import { browserMedia, browserSurroundings } from "./browser.ts";
import { connect, type TokenSource } from "./core/index.ts";
import { createRoom } from "./room.ts";
import type { Room } from "./types.ts";

export type { ErrorCode } from "../protocol/errors.ts";
export { TandemError } from "../protocol/errors.ts";
export type { Grants } from "../protocol/grants.ts";
export type { ChatMessage, Participant, Source, Topology } from "../protocol/model.ts";
export type { SourceKind } from "../protocol/names.ts";
export type { Failure, Status, Store } from "./core/index.ts";
export type { MediaConnection, OpenConnection } from "./media-path.ts";
export type { Phones } from "./phones.ts";
export type { Listening, Wishes } from "./session/session.ts";
export type {
  LocalSource,
  Mix,
  ParticipantView,
  ProfileChanges,
  PublishOptions,
  Room,
  RoomEvents,
  RoomSnapshot,
  SourceView,
} from "./types.ts";

export interface JoinOptions {
  /** Origin of the edge, e.g. `https://calls.example.com`; `/` for the page's own. */
  url: string;
  /** Join token; a function is asked anew when there is nothing left to resume. */
  token: TokenSource;
  /** Default: the room that the token names. */
  room?: string;
  /** Gives the join up; once joined, leaves. */
  signal?: AbortSignal;
  /** In place of the room's ICE servers. */
  iceServers?: RTCIceServer[];
  /** `relay`: media goes through TURN servers only, so that nobody learns this browser's addresses. Default: `all`. */
  iceTransportPolicy?: RTCIceTransportPolicy;
}

/**
 * Join a room. Resolves with its first complete snapshot in `room.store`; from then on the connection comes back by itself
 * until the room ends it or `leave()` is called.
 * @throws TandemError the room's refusal, or `unreachable` after 15 s; what `token()` throws; the reason of `signal`
 */
export async function joinRoom({ iceServers, iceTransportPolicy, ...options }: JoinOptions): Promise<Room> {
  const url = new URL(options.url, location.href).origin;
  const signaling = await connect({ ...options, url, surroundings: browserSurroundings });
  return createRoom({
    signaling,
    surroundings: browserSurroundings,
    host: browserMedia,
    iceServers,
    iceTransportPolicy,
  });
}
