/**
 * `tandem-link.v1`: between a media node, which dials, and its `MediaNode` object at the edge.
 *
 * Every assignment of a room to a node has an epoch. Commands are idempotent, carry an `id` and are answered `done` or
 * `failed`. On connecting the node sends its inventory, the edge answers with what it should hold, and each side lets go of
 * what the other does not know. A node told of a newer epoch lets go of the older.
 * @module
 */
import * as v from "valibot";
import { BotAudio, BotEntrance } from "./bots.ts";
import { Grants } from "./grants.ts";
import { HlsOrder, HlsPlace } from "./hls.ts";
import { Source } from "./model.ts";
import { LifeId, open, ParticipantId, RoomId } from "./names.ts";
import { RtmpEntrance } from "./rtmp.ts";
import { RtpLeg } from "./rtp.ts";
import { Epoch, SessionAnswer, SessionOffer } from "./session.ts";
import { CALL_COMMANDS, CALL_FRAMES } from "./telephony-link.ts";

const id = v.pipe(v.number(), v.integer(), v.minValue(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const page = { part: count, last: v.boolean() };

/** Which life of which room, under which assignment. */
const where = { room: RoomId, life: LifeId, epoch: Epoch };
export const Assignment = v.object(where);
export type Assignment = v.InferOutput<typeof Assignment>;

/** What a node must know of a participant: who, what it may do, what it publishes. */
export const NodeParticipant = v.object({
  pid: ParticipantId,
  number: v.pipe(v.number(), v.integer(), v.minValue(1)),
  grants: Grants,
  sources: v.array(Source),
});
export type NodeParticipant = v.InferOutput<typeof NodeParticipant>;

/** An address that clients reach a node at. */
export const NodeAddress = v.object({
  address: v.pipe(v.string(), v.maxLength(64)),
  port: v.pipe(v.number(), v.integer()),
});

/** A STUN or TURN server as `RTCIceServer.urls` has it (RFC 7064, RFC 7065). */
export const TurnUrl = v.pipe(
  v.string(),
  v.maxLength(256),
  v.regex(/^(stun|turn)s?:([a-z0-9.-]+|\[[0-9a-f:.]+\])(:\d{1,5})?(\?transport=(udp|tcp))?$/i, "a stun or turn URI"),
);
const turnUrls = v.pipe(v.array(TurnUrl), v.minLength(1), v.maxLength(16));

export const NODE_LOAD = {
  /** Share of the node's capacity in use, 0 to 1. */
  load: v.pipe(v.number(), v.minValue(0), v.maxValue(1)),
  rooms: count,
  sessions: count,
  draining: v.boolean(),
};

/** Node → edge. */
export const NODE_FRAMES = {
  hello: v.object({
    type: v.literal("hello"),
    features: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(32)),
    software: v.pipe(v.string(), v.maxLength(64)),
    region: v.pipe(v.string(), v.maxLength(32)),
    /** Sessions it means to carry at most. */
    capacity: count,
    addresses: v.pipe(v.array(NodeAddress), v.maxLength(256)),
    /** Where the node as a whole answers STUN and TURN: udp, then tcp, then tls. */
    turn: v.optional(v.pipe(v.array(v.object({ urls: turnUrls })), v.maxLength(8))),
    ...NODE_LOAD,
  }),
  inventory: v.object({
    type: v.literal("inventory"),
    ...page,
    rooms: v.array(v.object({ ...where, sessions: v.array(ParticipantId) })),
  }),
  load: v.object({ type: v.literal("load"), ...NODE_LOAD }),
  /**
   * A command was carried out. `session.open`, `session.restart` and `rtp.open` bring the answer; `room.open` the STUN and TURN URLs of the media worker that
   * holds the room, so that a relay and the session behind it share one; `bot.open` the program's door, `rtmp.open` the encoder's.
   */
  done: v.object({
    type: v.literal("done"),
    id,
    answer: v.optional(SessionAnswer),
    turn: v.optional(turnUrls),
    bot: v.optional(BotEntrance),
    /** Where the broadcast of `hls.open` is. */
    hls: v.optional(HlsPlace),
    rtmp: v.optional(RtmpEntrance),
  }),
  failed: v.object({
    type: v.literal("failed"),
    id,
    code: v.pipe(v.string(), v.maxLength(64)),
    detail: v.optional(v.pipe(v.string(), v.maxLength(1_024))),
  }),
  /** A session's state as the room must know it. `silent`: nothing came for 8 s; `closed`: it is gone. */
  session: v.object({
    type: v.literal("session"),
    ...where,
    pid: ParticipantId,
    state: open(["connected", "silent", "closed"]),
  }),
  /** The node no longer carries that room (a media worker died); the room must be placed anew. */
  lost: v.object({ type: v.literal("lost"), ...where }),
  ...CALL_FRAMES,
} as const;

/** Edge → node. */
export const LINK_FRAMES = {
  welcome: v.object({
    type: v.literal("welcome"),
    node: v.string(),
    features: v.array(v.string()),
    /**
     * By these the node checks TURN credentials (`expiry:scope:id`, HMAC-SHA1): its own alone, so that one stolen from it is of
     * no use at another. The current one first, then those it replaces. Never to be stored.
     */
    turn: v.optional(v.object({ secrets: v.pipe(v.array(v.string()), v.maxLength(8)) })),
  }),
  /** The answer to an inventory: what the node should hold; it lets go of everything else. */
  keep: v.object({ type: v.literal("keep"), ...page, rooms: v.array(Assignment) }),
  error: v.object({ type: v.literal("error"), code: v.string(), message: v.string(), retryable: v.boolean() }),
} as const;

const command = { id, ...where };

/** Edge → node: commands about a room. */
export const LINK_COMMANDS = {
  "room.open": v.object({
    type: v.literal("room.open"),
    ...command,
    participants: v.array(NodeParticipant),
    /** Whether sessions that say nothing else hear the room's mix (topology `mcu`). Told again when that changes. */
    mix: v.optional(v.boolean()),
  }),
  "room.close": v.object({ type: v.literal("room.close"), ...command }),
  /** Put a participant as it is now: new, or with other grants or sources. */
  "participant.put": v.object({ type: v.literal("participant.put"), ...command, participant: NodeParticipant }),
  "participant.remove": v.object({ type: v.literal("participant.remove"), ...command, pid: ParticipantId }),
  /** Answer an offer: a new session, or a re-offer of a running one. The same offer again gets the same answer. */
  "session.open": v.object({ type: v.literal("session.open"), ...command, pid: ParticipantId, offer: SessionOffer }),
  /** ICE restart of a session by a client that makes no offer for it: its new credentials. Answered like an offer. */
  "session.restart": v.object({
    type: v.literal("session.restart"),
    ...command,
    pid: ParticipantId,
    ice: v.object({
      ufrag: v.pipe(v.string(), v.regex(/^[!-~]{4,256}$/)),
      password: v.pipe(v.string(), v.regex(/^[!-~]{22,256}$/)),
    }),
  }),
  /** Open ports for plain RTP, as a participant that was put before. Answered with a description for the other end. */
  "rtp.open": v.object({ type: v.literal("rtp.open"), ...command, pid: ParticipantId, leg: RtpLeg }),
  /** End what a participant has there: its session, or its door. */
  "session.close": v.object({ type: v.literal("session.close"), ...command, pid: ParticipantId }),
  /** Open a door for a program, which has no session. Its state is told like a session's. */
  "bot.open": v.object({ type: v.literal("bot.open"), ...command, pid: ParticipantId, audio: BotAudio }),
  /** The same for an encoder that speaks RTMP. */
  "rtmp.open": v.object({ type: v.literal("rtmp.open"), ...command, pid: ParticipantId }),
  /** Write what a room shows and lets hear as HLS. Its state is told like a session's. */
  "hls.open": v.object({ type: v.literal("hls.open"), ...command, pid: ParticipantId, order: HlsOrder }),
  /** Does the node still carry this assignment? Answered at once. */
  probe: v.object({ type: v.literal("probe"), ...command }),
} as const;

/** Edge → node: commands to the node itself, answered likewise. */
export const NODE_COMMANDS = {
  /**
   * End the relays of a TURN identity now, and refuse it new ones until `until` (seconds since 1970). Told again whenever the
   * link comes back before then.
   */
  "turn.revoke": v.object({
    type: v.literal("turn.revoke"),
    id,
    identity: v.pipe(v.string(), v.minLength(1), v.maxLength(128)),
    until: count,
  }),
  ...CALL_COMMANDS,
} as const;

export type NodeFrame = {
  [K in keyof typeof NODE_FRAMES]: v.InferOutput<(typeof NODE_FRAMES)[K]>;
}[keyof typeof NODE_FRAMES];
export type LinkFrame = {
  [K in keyof typeof LINK_FRAMES]: v.InferOutput<(typeof LINK_FRAMES)[K]>;
}[keyof typeof LINK_FRAMES];
export type LinkCommandType = keyof typeof LINK_COMMANDS;
export type LinkCommand<T extends LinkCommandType = LinkCommandType> = {
  [K in T]: v.InferOutput<(typeof LINK_COMMANDS)[K]>;
}[T];
export type NodeCommand = {
  [K in keyof typeof NODE_COMMANDS]: v.InferOutput<(typeof NODE_COMMANDS)[K]>;
}[keyof typeof NODE_COMMANDS];
