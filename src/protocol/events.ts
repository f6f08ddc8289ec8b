/**
 * Edge → client: what happened in the room. Stored, numbered by `seq`, and seen exactly once by everybody who may.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { ChatMessage, Participant, Seq, Source, Timestamp, Topology } from "./model.ts";
import { boundedText, DisplayName, open, ParticipantId, SourceNumber } from "./names.ts";

export const LEAVE_REASONS = ["left", "vanished", "removed", "replaced", "room-closed"] as const;

const stamp = { seq: Seq, at: Timestamp };

export const EVENTS = {
  "participant.joined": v.object({ type: v.literal("participant.joined"), ...stamp, participant: Participant }),
  /** A delta: fields left out stay; an attribute set to null is gone. */
  "participant.updated": v.object({
    type: v.literal("participant.updated"),
    ...stamp,
    pid: ParticipantId,
    name: v.optional(DisplayName),
    metadata: v.optional(boundedText(LIMITS.profileBytes)),
    attributes: v.optional(v.record(v.string(), v.nullable(v.string()))),
    state: v.optional(open(["here", "away"])),
  }),
  "participant.left": v.object({
    type: v.literal("participant.left"),
    ...stamp,
    pid: ParticipantId,
    reason: open(LEAVE_REASONS),
  }),
  "source.published": v.object({ type: v.literal("source.published"), ...stamp, pid: ParticipantId, source: Source }),
  "source.updated": v.object({
    type: v.literal("source.updated"),
    ...stamp,
    number: SourceNumber,
    muted: v.boolean(),
    /** The moderator who did it, if it was not the owner. */
    by: v.optional(ParticipantId),
  }),
  "source.unpublished": v.object({ type: v.literal("source.unpublished"), ...stamp, number: SourceNumber }),
  "chat.message": v.object({ type: v.literal("chat.message"), ...stamp, message: ChatMessage }),
  "room.updated": v.object({
    type: v.literal("room.updated"),
    ...stamp,
    metadata: v.optional(boundedText(LIMITS.roomMetadataBytes)),
  }),
  "topology.changed": v.object({ type: v.literal("topology.changed"), ...stamp, topology: Topology }),
  "room.closed": v.object({ type: v.literal("room.closed"), ...stamp }),
} as const;

export type EventType = keyof typeof EVENTS;
/** An event of one type. */
export type RoomEvent<T extends EventType = EventType> = { [K in T]: v.InferOutput<(typeof EVENTS)[K]> }[T];
