/**
 * Bodies of the REST API under `/v1`.
 * @module
 */
import * as v from "valibot";
import { Grants } from "./grants.ts";
import { LIMITS } from "./limits.ts";
import { IceServer, Participant, RoomState, Timestamp, TOPOLOGIES } from "./model.ts";
import { boundedText, DisplayName, Identity, Jurisdiction, Region, RoomId, RoomName } from "./names.ts";
import { Attributes } from "./tokens.ts";

const topology = v.picklist(TOPOLOGIES);
const maxParticipants = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(LIMITS.participants));

/** `POST /v1/rooms` */
export const CreateRoom = v.object({
  name: RoomName,
  jurisdiction: v.optional(Jurisdiction),
  /** Where the room object should live: a hint, taken at creation only. */
  region: v.optional(Region),
  metadata: v.optional(boundedText(LIMITS.roomMetadataBytes)),
  maxParticipants: v.optional(maxParticipants, 100),
  topology: v.optional(topology, "auto"),
  /** Keep the record for ever instead of a day after the last leave. */
  persistent: v.optional(v.boolean(), false),
});
export type CreateRoom = v.InferOutput<typeof CreateRoom>;

/** `PATCH /v1/rooms/:room`: fields left out stay. */
export const UpdateRoom = v.object({
  metadata: v.optional(boundedText(LIMITS.roomMetadataBytes)),
  maxParticipants: v.optional(maxParticipants),
  topology: v.optional(topology),
  persistent: v.optional(v.boolean()),
});
export type UpdateRoom = v.InferOutput<typeof UpdateRoom>;

/** `GET /v1/rooms/:room` */
export const RoomDetail = v.object({
  ...v.omit(RoomState, ["life"]).entries,
  participants: v.number(),
  persistent: v.boolean(),
  createdAt: Timestamp,
  /** When the record goes, if nobody joins until then; null while people are in, and for persistent rooms. */
  expiresAt: v.nullable(Timestamp),
});
export type RoomDetail = v.InferOutput<typeof RoomDetail>;

/** `GET /v1/rooms?jurisdiction=&after=&limit=` */
export const RoomList = v.object({
  rooms: v.array(v.object({ id: RoomId, participants: v.number(), createdAt: Timestamp })),
  /** Pass as `after` for the next page; null on the last. */
  next: v.nullable(v.string()),
});
export type RoomList = v.InferOutput<typeof RoomList>;

/** `GET /v1/rooms/:room/participants` */
export const ParticipantList = v.object({ participants: v.array(Participant) });
export type ParticipantList = v.InferOutput<typeof ParticipantList>;

/** `GET /v1/nodes` */
export const NodeList = v.object({
  nodes: v.array(
    v.object({
      id: v.string(),
      region: v.string(),
      software: v.string(),
      /** Sessions it means to carry at most. */
      capacity: v.number(),
      addresses: v.array(v.object({ address: v.string(), port: v.number() })),
      /** Where it answers STUN and TURN. */
      turn: v.array(v.string()),
      /** Share of its capacity in use, 0 to 1. */
      load: v.number(),
      rooms: v.number(),
      sessions: v.number(),
      draining: v.boolean(),
      linked: v.boolean(),
      seenAt: Timestamp,
    }),
  ),
});
export type NodeList = v.InferOutput<typeof NodeList>;

/** `POST /v1/tokens` */
export const MintToken = v.object({
  room: RoomId,
  identity: Identity,
  name: v.optional(DisplayName),
  metadata: v.optional(boundedText(LIMITS.profileBytes)),
  attributes: v.optional(Attributes),
  /** Default: those of an ordinary member, and `create`. */
  grants: v.optional(Grants),
  /** Seconds until it must be used, at most a day. */
  ttl: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(86_400)), 600),
});
export type MintToken = v.InferOutput<typeof MintToken>;

/** The answer wherever a join token is handed out. */
export const Token = v.object({ token: v.string(), room: RoomId, identity: Identity, expiresAt: Timestamp });
export type Token = v.InferOutput<typeof Token>;

/** `POST /v1/invitations`: the operator makes a room (`ROOM_ACCESS=invite`). */
export const CreateInvitations = v.object({
  password: v.pipe(v.string(), v.maxLength(256)),
  /** Left out: a random one. */
  name: v.optional(RoomName),
  jurisdiction: v.optional(Jurisdiction),
});
export type CreateInvitations = v.InferOutput<typeof CreateInvitations>;

/** Two secrets for links' fragments. The host's link carries both, so that copy link can always hand on the guest's. */
export const Invitations = v.object({ room: RoomId, host: v.string(), guest: v.string(), expiresAt: Timestamp });
export type Invitations = v.InferOutput<typeof Invitations>;

/** `POST /v1/invitations/redeem`: an invitation for a short-lived join token. */
export const RedeemInvitation = v.object({
  room: RoomId,
  invitation: v.pipe(v.string(), v.minLength(16), v.maxLength(128)),
  name: DisplayName,
});
export type RedeemInvitation = v.InferOutput<typeof RedeemInvitation>;

/** The answer to a redeemed invitation. */
export const RedeemedInvitation = v.object({ ...Token.entries, role: v.picklist(["host", "guest"]) });
export type RedeemedInvitation = v.InferOutput<typeof RedeemedInvitation>;

/** `GET /v1/ice-servers?room=&identity=` */
export const IceServers = v.object({
  iceServers: v.array(IceServer),
  /** Until when their credentials are good for new relays; null if they don't expire. */
  expiresAt: v.nullable(Timestamp),
});
export type IceServers = v.InferOutput<typeof IceServers>;

/** `POST /v1/open/tokens`: a token for anybody (`ROOM_ACCESS=open`, development only). */
export const OpenToken = v.object({ room: RoomName, name: DisplayName });
export type OpenToken = v.InferOutput<typeof OpenToken>;

/** `GET /v1/config`: what the app needs before anybody has a token. */
export const PublicConfig = v.object({
  access: v.picklist(["token", "invite", "open"]),
  version: v.string(),
});
export type PublicConfig = v.InferOutput<typeof PublicConfig>;
