/**
 * Client → edge. A *command* changes the room or asks it something and is answered with `ok` or `error` under its `id`;
 * a *signal* is passed on at most once and answered only when it can't be.
 *
 * `id` counts up from 1 for each participant and goes on through resumes: it is the client's own sequence number. The
 * room applies a stateful command once and keeps the outcome, so a client resends what is unanswered after a resume.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { Seq } from "./model.ts";
import { boundedText, DisplayName, LifeId, ParticipantId, SourceKind, SourceNumber } from "./names.ts";
import { Epoch, SessionOffer } from "./session.ts";
import { CreateCall, DtmfDigits, TrunkId } from "./telephony.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(Number.MAX_SAFE_INTEGER));

/** The first frame of a connection. */
export const Hello = v.object({
  type: v.literal("hello"),
  /** Optional abilities of this client; the welcome names the room's. */
  features: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(32)),
  /** Where the client stands: the life it knows and the last `seq` it has applied. */
  resume: v.optional(v.object({ life: LifeId, seq: Seq })),
});

const attributeChanges = v.pipe(
  v.record(v.pipe(v.string(), v.minLength(1), v.maxLength(64)), v.nullable(boundedText(LIMITS.profileBytes))),
  v.check(all => Object.keys(all).length <= LIMITS.attributes, `at most ${LIMITS.attributes} attributes`),
);

/** Commands that change the room: applied once per `id`. */
export const STATEFUL = {
  leave: v.object({ type: v.literal("leave"), id }),
  /** A delta: fields left out stay; an attribute set to null goes. */
  "profile.update": v.object({
    type: v.literal("profile.update"),
    id,
    name: v.optional(DisplayName),
    metadata: v.optional(boundedText(LIMITS.profileBytes)),
    attributes: v.optional(attributeChanges),
  }),
  "source.publish": v.object({
    type: v.literal("source.publish"),
    id,
    kind: SourceKind,
    name: v.optional(DisplayName),
    muted: v.optional(v.boolean(), false),
  }),
  "source.update": v.object({
    type: v.literal("source.update"),
    id,
    number: SourceNumber,
    muted: v.boolean(),
  }),
  "source.unpublish": v.object({ type: v.literal("source.unpublish"), id, number: SourceNumber }),
  "chat.send": v.object({
    type: v.literal("chat.send"),
    id,
    text: v.pipe(boundedText(LIMITS.chatBytes), v.trim(), v.minLength(1)),
  }),
  /** Mute somebody's source. Its owner may unmute it. */
  "moderate.mute": v.object({ type: v.literal("moderate.mute"), id, number: SourceNumber }),
  /** Remove a participant; tokens issued to that identity before are void for a day. */
  "moderate.remove": v.object({
    type: v.literal("moderate.remove"),
    id,
    pid: ParticipantId,
    reason: v.optional(v.pipe(v.string(), v.maxLength(200))),
  }),
  "room.update": v.object({
    type: v.literal("room.update"),
    id,
    metadata: boundedText(LIMITS.roomMetadataBytes),
  }),
} as const;

/** Commands that only ask. */
export const QUERIES = {
  "chat.history": v.object({
    type: v.literal("chat.history"),
    id,
    /** Messages with a smaller id than this. */
    before: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
    limit: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.chatHistoryPage)), 50),
  }),
  /** Fresh TURN credentials, before an ICE restart. */
  "ice.servers": v.object({ type: v.literal("ice.servers"), id }),
  /** The one offer of a session with the media node; later ones grow it or restart ICE. Answered with the node's answer. */
  "session.offer": v.object({ type: v.literal("session.offer"), id, epoch: Epoch, offer: SessionOffer }),
  /** Nothing that was owed arrives from the media node: makes the room probe it, nothing more. */
  "session.silent": v.object({ type: v.literal("session.silent"), id, epoch: Epoch }),
  /** A mesh peer from which nothing arrives although its connection should stand: starts its grace, nothing more. */
  "peer.silent": v.object({ type: v.literal("peer.silent"), id, pid: ParticipantId }),
  /** Call a telephone into the room: once per `id`, as with the two below. Answered when the call is under way. */
  "phone.call": v.object({
    type: v.literal("phone.call"),
    id,
    to: CreateCall.entries.to,
    /** Left out: the first that may call that number. */
    trunk: v.optional(TrunkId),
    name: CreateCall.entries.name,
  }),
  /** Press keys at the other end of a telephone in the room, hold it, or send it to a number or to another telephone in the room. */
  "phone.update": v.object({
    type: v.literal("phone.update"),
    id,
    pid: ParticipantId,
    dtmf: v.optional(DtmfDigits),
    held: v.optional(v.boolean()),
    transfer: v.optional(
      v.pipe(
        v.object({ to: v.optional(CreateCall.entries.to), pid: v.optional(ParticipantId) }),
        v.check(({ to, pid }) => (to === undefined) !== (pid === undefined), "either to or pid"),
      ),
    ),
  }),
  "phone.hangup": v.object({ type: v.literal("phone.hangup"), id, pid: ParticipantId }),
} as const;

export const SessionDescription = v.object({
  type: v.picklist(["offer", "answer", "rollback"]),
  sdp: boundedText(LIMITS.descriptionFrameBytes),
});

export const IceCandidate = v.object({
  candidate: v.pipe(v.string(), v.maxLength(1_024)),
  sdpMid: v.nullish(v.pipe(v.string(), v.maxLength(64))),
  sdpMLineIndex: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(65_535))),
  usernameFragment: v.nullish(v.pipe(v.string(), v.maxLength(256))),
});

/** Id of one description; acknowledged by the peer's SDK, sent again after a resume while it is not. */
const negotiation = v.pipe(v.string(), v.minLength(1), v.maxLength(32));

const descriptionBody = {
  type: v.literal("peer.description"),
  negotiation,
  description: SessionDescription,
  /** Which source each m-line carries: mid → source number. */
  sources: v.optional(v.record(v.pipe(v.string(), v.maxLength(64)), SourceNumber)),
};
const candidatesBody = {
  type: v.literal("peer.candidates"),
  negotiation,
  candidates: v.pipe(v.array(IceCandidate), v.maxLength(LIMITS.candidatesPerFrame)),
};
const ackBody = { type: v.literal("peer.ack"), negotiation };
/** This side has the peer's media by another path; a mesh connection closes when both have said so. */
const doneBody = { type: v.literal("peer.done") };
const appBody = {
  type: v.literal("app.message"),
  topic: v.optional(v.pipe(v.string(), v.maxLength(64))),
  /** Any JSON value. */
  data: v.unknown(),
};

const toOne = { id: v.optional(id), to: ParticipantId };

/** Signals as clients send them. */
export const SIGNALS = {
  "peer.description": v.object({ ...descriptionBody, ...toOne }),
  "peer.candidates": v.object({ ...candidatesBody, ...toOne }),
  "peer.ack": v.object({ ...ackBody, ...toOne }),
  "peer.done": v.object({ ...doneBody, ...toOne }),
  /** To those named, or to everybody else. */
  "app.message": v.object({
    ...appBody,
    id: v.optional(id),
    to: v.optional(v.pipe(v.array(ParticipantId), v.minLength(1), v.maxLength(LIMITS.recipients))),
  }),
} as const;

const from = { from: ParticipantId };

/** Signals as clients receive them. */
export const RECEIVED_SIGNALS = {
  "peer.description": v.object({ ...descriptionBody, ...from }),
  "peer.candidates": v.object({ ...candidatesBody, ...from }),
  "peer.ack": v.object({ ...ackBody, ...from }),
  "peer.done": v.object({ ...doneBody, ...from }),
  "app.message": v.object({ ...appBody, ...from, direct: v.boolean() }),
} as const;

export type StatefulType = keyof typeof STATEFUL;
export type QueryType = keyof typeof QUERIES;
export type SignalType = keyof typeof SIGNALS;
export type CommandType = StatefulType | QueryType;

type Bodies = typeof STATEFUL & typeof QUERIES & typeof SIGNALS;
/** A client's frame of one type, after validation. */
export type ClientFrame<T extends keyof Bodies = keyof Bodies> = { [K in T]: v.InferOutput<Bodies[K]> }[T];
/** The same as a client writes it, defaults left out. */
export type ClientFrameInput<T extends keyof Bodies = keyof Bodies> = { [K in T]: v.InferInput<Bodies[K]> }[T];
/** A signal as it arrives. */
export type ReceivedSignal<T extends SignalType = SignalType> = {
  [K in T]: v.InferOutput<(typeof RECEIVED_SIGNALS)[K]>;
}[T];
export type Hello = v.InferOutput<typeof Hello>;

/** Schema of every frame a client may send after hello, by type. */
export const CLIENT_FRAMES: Bodies = { ...STATEFUL, ...QUERIES, ...SIGNALS };
