/**
 * Edge → client: the frames around events and signals.
 * @module
 */
import * as v from "valibot";
import { ChatMessage, IceServer, Participant, RoomState, Self, Seq } from "./model.ts";
import { ParticipantId } from "./names.ts";
import { SessionAnswer } from "./session.ts";

/** The room's answer to hello. Then come `snapshot` or `replay` pages, then live events. */
export const Welcome = v.object({
  type: v.literal("welcome"),
  features: v.array(v.string()),
  you: Self,
  room: RoomState,
  /** Carry on from here after a lost connection: subprotocol `resume.<token>`. */
  resume: v.string(),
  /** Whether the room still knew this participant; else everything starts anew with a snapshot. */
  resumed: v.boolean(),
  /** The newest event that the pages hold; live events are later. */
  seq: Seq,
  iceServers: v.array(IceServer),
  /** Milliseconds for which the credentials among `iceServers` are good for new relays; left out: they don't expire. */
  iceServersTtl: v.optional(v.number()),
  /** Milliseconds between pings, and how long the room waits for a lost client. */
  ping: v.number(),
  grace: v.number(),
});
export type Welcome = v.InferOutput<typeof Welcome>;

const page = { part: v.pipe(v.number(), v.integer(), v.minValue(0)), last: v.boolean() };

export const Snapshot = v.object({
  type: v.literal("snapshot"),
  ...page,
  /** Everybody else whom this participant may see, in order of number; itself it finds in the welcome. */
  participants: v.array(Participant),
  chat: v.array(ChatMessage),
});
export type Snapshot = v.InferOutput<typeof Snapshot>;

/** Missed events, oldest first. They are parsed one by one, so that one of an unknown type does not spoil the page. */
export const Replay = v.object({ type: v.literal("replay"), ...page, events: v.array(v.unknown()) });
export type Replay = v.InferOutput<typeof Replay>;

/** A command was applied. `result` depends on its type; see {@link RESULTS}. */
export const Ok = v.object({ type: v.literal("ok"), id: v.number(), result: v.optional(v.unknown()) });

/** A command failed, or the connection is about to be closed (no `id`). */
export const ErrorFrame = v.object({
  type: v.literal("error"),
  id: v.optional(v.number()),
  code: v.string(),
  message: v.string(),
  retryable: v.boolean(),
  detail: v.optional(v.string()),
});
export type ErrorFrame = v.InferOutput<typeof ErrorFrame>;

/** What `ok` carries, for the commands where it carries something. */
export const RESULTS = {
  "source.publish": v.object({ number: v.number() }),
  "chat.send": v.object({ message: v.number() }),
  "chat.history": v.object({ messages: v.array(ChatMessage), more: v.boolean() }),
  "session.offer": SessionAnswer,
  "phone.call": v.object({ call: v.string(), pid: v.optional(ParticipantId) }),
  "ice.servers": v.object({ iceServers: v.array(IceServer), iceServersTtl: v.optional(v.number()) }),
} as const;

/** Every frame around events and signals, by type. */
export const EDGE_FRAMES = { welcome: Welcome, snapshot: Snapshot, replay: Replay, ok: Ok, error: ErrorFrame } as const;
