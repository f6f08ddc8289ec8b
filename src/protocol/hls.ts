/**
 * HLS: what a room sends out to audiences beyond WebRTC, as files that any web server serves.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { Identity, ParticipantId, RoomName, SourceNumber } from "./names.ts";

/** `POST /v1/rooms/:room/hls` */
export const CreateHls = v.object({
  /** Names the broadcast, and its folder. */
  name: v.optional(RoomName, "live"),
  /** Whose picture: the identity of a participant, or the number of a source. It must come as H.264. */
  source: Identity,
  /** `mix`: everybody is heard; `own`: that participant alone. */
  sound: v.optional(v.picklist(["mix", "own"]), "mix"),
});
export type CreateHls = v.InferOutput<typeof CreateHls>;

/** Where it is. */
export const HlsPlace = v.object({
  /** URL of the playlist; its path at the edge; or its path in the node's folder where the node knows no URL. */
  playlist: v.pipe(v.string(), v.maxLength(1_024)),
});
export type HlsPlace = v.InferOutput<typeof HlsPlace>;

export const HlsCreated = v.object({ pid: ParticipantId, ...HlsPlace.entries });
export type HlsCreated = v.InferOutput<typeof HlsCreated>;

const sources = v.pipe(v.array(SourceNumber), v.maxLength(LIMITS.sources));

/** Where the edge takes a broadcast's files: by PUT and DELETE under this path of its own, with this bearer token. */
export const HlsUpload = v.object({
  path: v.pipe(v.string(), v.maxLength(256)),
  token: v.pipe(v.string(), v.maxLength(256)),
});
export type HlsUpload = v.InferOutput<typeof HlsUpload>;

/** The same, as the media node is told. */
export const HlsOrder = v.object({
  name: RoomName,
  /** Left out: the edge takes no files. */
  upload: v.optional(HlsUpload),
  /** The sources whose picture it may show, a screen before a camera. */
  video: sources,
  audio: v.union([v.literal("mix"), sources]),
});
export type HlsOrder = v.InferOutput<typeof HlsOrder>;
