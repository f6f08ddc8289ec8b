/**
 * The things that snapshots and events are made of, as a client sees them.
 * @module
 */
import * as v from "valibot";
import { Grants } from "./grants.ts";
import { LIMITS } from "./limits.ts";
import {
  boundedText,
  DisplayName,
  Identity,
  LifeId,
  open,
  ParticipantId,
  RoomId,
  SOURCE_KINDS,
  SourceNumber,
} from "./names.ts";
import { Epoch } from "./session.ts";
import { Attributes } from "./tokens.ts";

/** Milliseconds since the epoch, on the edge's clock. */
export const Timestamp = v.pipe(v.number(), v.integer(), v.minValue(0));
/** Position of an event in one life of a room. */
export const Seq = v.pipe(v.number(), v.integer(), v.minValue(0));

export const Source = v.object({
  number: SourceNumber,
  kind: open(SOURCE_KINDS),
  name: v.optional(DisplayName),
  muted: v.boolean(),
});
export type Source = v.InferOutput<typeof Source>;

export const PARTICIPANT_KINDS = ["client", "whip", "whep", "phone", "rtp", "rtmp", "hls", "recorder", "bot"] as const;

export const Participant = v.object({
  pid: ParticipantId,
  number: v.pipe(v.number(), v.integer(), v.minValue(1)),
  identity: Identity,
  name: DisplayName,
  kind: open(PARTICIPANT_KINDS),
  /** `away`: its connection is lost and its grace runs. */
  state: open(["here", "away"]),
  moderator: v.boolean(),
  /** Whether a mesh may include it. */
  direct: v.boolean(),
  joinedAt: Timestamp,
  metadata: v.optional(boundedText(LIMITS.profileBytes)),
  attributes: v.optional(Attributes),
  sources: v.array(Source),
});
export type Participant = v.InferOutput<typeof Participant>;

export const ChatMessage = v.object({
  id: v.pipe(v.number(), v.integer(), v.minValue(1)),
  pid: ParticipantId,
  identity: Identity,
  name: DisplayName,
  text: boundedText(LIMITS.chatBytes),
  at: Timestamp,
});
export type ChatMessage = v.InferOutput<typeof ChatMessage>;

export const TOPOLOGIES = ["auto", "mesh", "sfu", "mcu"] as const;
export const TOPOLOGY_REASONS = ["few", "many", "forced", "grants", "participant-kind", "no-media-node"] as const;

/** How media flows now, and why. `none`: it can't, for the reason given. */
export const Topology = v.object({
  setting: open(TOPOLOGIES),
  current: open(["mesh", "sfu", "mcu", "none"]),
  reason: open(TOPOLOGY_REASONS),
  /** The assignment to a media node, when one carries the room. */
  epoch: v.optional(Epoch),
});
export type Topology = v.InferOutput<typeof Topology>;

export const RoomState = v.object({
  id: RoomId,
  life: LifeId,
  metadata: v.optional(boundedText(LIMITS.roomMetadataBytes)),
  maxParticipants: v.number(),
  topology: Topology,
});
export type RoomState = v.InferOutput<typeof RoomState>;

/** One entry of `RTCConfiguration.iceServers`. */
export const IceServer = v.object({
  urls: v.array(v.string()),
  username: v.optional(v.string()),
  credential: v.optional(v.string()),
});
export type IceServer = v.InferOutput<typeof IceServer>;

/** The bearer's own participant and what it may do. */
export const Self = v.object({ ...Participant.entries, grants: Grants });
export type Self = v.InferOutput<typeof Self>;
