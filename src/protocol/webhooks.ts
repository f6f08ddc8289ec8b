/**
 * Webhooks: what a deployment tells back ends of its rooms and telephones, by POST, signed as Standard Webhooks has it.
 * @module
 */
import * as v from "valibot";
import { LEAVE_REASONS } from "./events.ts";
import { PARTICIPANT_KINDS, Source, Timestamp } from "./model.ts";
import { Identity, open, ParticipantId, RoomId, SourceNumber } from "./names.ts";
import { CallCause, CallId, TrunkId } from "./telephony.ts";

const stamp = {
  /** The same whenever it is told: who has seen it leaves it alone. */
  id: v.pipe(v.string(), v.regex(/^evt_[A-Za-z0-9_-]{16,32}$/)),
  /** When it happened, not when it is told. */
  at: Timestamp,
};
const person = { pid: ParticipantId, identity: Identity, kind: open(PARTICIPANT_KINDS) };
const room = { ...stamp, room: RoomId };

const call = {
  ...stamp,
  call: CallId,
  direction: v.picklist(["in", "out"]),
  trunk: TrunkId,
  /** Empty for who hides it. */
  from: v.string(),
  to: v.string(),
  /** The room that it is for, once that is known. */
  room: v.optional(RoomId),
  pid: v.optional(ParticipantId),
};

/** By `type`. */
export const WEBHOOK_EVENTS = {
  /** The first has come. */
  "room.started": v.object({ type: v.literal("room.started"), ...room }),
  /** The last has left. */
  "room.ended": v.object({ type: v.literal("room.ended"), ...room }),
  "participant.joined": v.object({ type: v.literal("participant.joined"), ...room, ...person }),
  "participant.left": v.object({
    type: v.literal("participant.left"),
    ...room,
    ...person,
    reason: open(LEAVE_REASONS),
  }),
  "source.published": v.object({ type: v.literal("source.published"), ...room, ...person, source: Source }),
  "source.unpublished": v.object({ type: v.literal("source.unpublished"), ...room, ...person, number: SourceNumber }),
  /** A step of a call: `step` as in the call's `events`, from `incoming` or `dialing` on, but for its end. */
  "call.changed": v.object({
    type: v.literal("call.changed"),
    ...call,
    step: v.string(),
    /** More about it: which PIN of how many, who is locked. */
    detail: v.optional(v.string()),
  }),
  "call.ended": v.object({
    type: v.literal("call.ended"),
    ...call,
    cause: CallCause,
    answeredAt: v.optional(Timestamp),
  }),
  /** What has become of a trunk. */
  "trunk.changed": v.object({
    type: v.literal("trunk.changed"),
    ...stamp,
    trunk: TrunkId,
    state: v.string(),
    reason: v.optional(v.string()),
  }),
} as const;

export const WebhookEvent = v.variant("type", [
  WEBHOOK_EVENTS["room.started"],
  WEBHOOK_EVENTS["room.ended"],
  WEBHOOK_EVENTS["participant.joined"],
  WEBHOOK_EVENTS["participant.left"],
  WEBHOOK_EVENTS["source.published"],
  WEBHOOK_EVENTS["source.unpublished"],
  WEBHOOK_EVENTS["call.changed"],
  WEBHOOK_EVENTS["call.ended"],
  WEBHOOK_EVENTS["trunk.changed"],
]);
export type WebhookEvent = v.InferOutput<typeof WebhookEvent>;

/** An event's type, or the beginning of some and `*`. */
export const EventPattern = v.pipe(
  v.string(),
  v.check(
    pattern =>
      Object.keys(WEBHOOK_EVENTS).some(type =>
        pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern,
      ),
    `${Object.keys(WEBHOOK_EVENTS).join(", ")}, or the beginning of one and *`,
  ),
);

export const fitsEvent = (type: string, patterns: readonly string[]): boolean =>
  patterns.some(pattern => (pattern.endsWith("*") ? type.startsWith(pattern.slice(0, -1)) : type === pattern));

/** `GET /v1/webhooks`: who is told, and how that goes. */
export const WebhookList = v.object({
  webhooks: v.array(
    v.object({
      url: v.string(),
      events: v.array(v.string()),
      /** What it verifies by that an event is this deployment's. */
      secret: v.string(),
      /** Events that wait for it, */
      pending: v.number(),
      /** and those that it was never told: it failed for a day, or ten thousand others came after. */
      dropped: v.number(),
      /** What it last failed with; null once it takes them again. */
      failure: v.nullable(v.string()),
    }),
  ),
});
export type WebhookList = v.InferOutput<typeof WebhookList>;
