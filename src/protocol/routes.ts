/**
 * The REST API as a table: documentation and OpenAPI are made from it, and a test asks the Worker for every row.
 * @module
 */
import type * as v from "valibot";
import { BotDoor, OpenBot } from "./bots.ts";
import type { ErrorCode } from "./errors.ts";
import { CreateHls, HlsCreated } from "./hls.ts";
import {
  CreateInvitations,
  CreateRoom,
  IceServers,
  Invitations,
  MintToken,
  NodeList,
  OpenToken,
  ParticipantList,
  PublicConfig,
  RedeemedInvitation,
  RedeemInvitation,
  RoomDetail,
  RoomList,
  Token,
  UpdateRoom,
} from "./rest.ts";
import { RtmpDoor } from "./rtmp.ts";
import { CreateRtp, RtpCreated } from "./rtp.ts";
import { TELEPHONY_ROUTES } from "./telephony-routes.ts";

/** One method of one path. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** OpenAPI style: `{room}`. */
  readonly path: string;
  readonly summary: string;
  /**
   * `api`: a token with `aud` `api`. `join`: a join token. `participant`: a join or resume token, or an API token. `none`: open
   * to anybody, rate-limited.
   */
  readonly auth: "api" | "join" | "participant" | "none";
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: v.GenericSchema;
  readonly status: number;
  readonly result?: v.GenericSchema;
  /** Errors of its own, besides those any request can meet. */
  readonly errors?: readonly ErrorCode[];
}

export const ROUTES: readonly Route[] = [
  { method: "GET", path: "/v1/health", summary: "Whether the edge answers.", auth: "none", status: 204 },
  {
    method: "GET",
    path: "/v1/config",
    summary: "What the app needs before anybody has a token.",
    auth: "none",
    status: 200,
    result: PublicConfig,
  },
  {
    method: "POST",
    path: "/v1/rooms",
    summary: "Make a room with settings.",
    auth: "api",
    body: CreateRoom,
    status: 201,
    result: RoomDetail,
    errors: ["room-exists"],
  },
  {
    method: "GET",
    path: "/v1/rooms",
    summary: "List rooms, in order of their ids.",
    auth: "api",
    query: {
      jurisdiction: "Rooms of that jurisdiction; left out: those without one.",
      after: "`next` of the page before.",
      limit: "Rooms per page, 1 to 100 (default 50).",
    },
    status: 200,
    result: RoomList,
  },
  {
    method: "GET",
    path: "/v1/rooms/{room}",
    summary: "Inspect a room.",
    auth: "api",
    status: 200,
    result: RoomDetail,
    errors: ["no-such-room"],
  },
  {
    method: "PATCH",
    path: "/v1/rooms/{room}",
    summary: "Change a room's settings; fields left out stay.",
    auth: "api",
    body: UpdateRoom,
    status: 200,
    result: RoomDetail,
    errors: ["no-such-room"],
  },
  {
    method: "DELETE",
    path: "/v1/rooms/{room}",
    summary: "Close a room: everybody leaves, the record goes.",
    auth: "api",
    status: 204,
    errors: ["no-such-room"],
  },
  {
    method: "GET",
    path: "/v1/rooms/{room}/participants",
    summary: "Who is in, hidden participants too.",
    auth: "api",
    status: 200,
    result: ParticipantList,
    errors: ["no-such-room"],
  },
  {
    method: "DELETE",
    path: "/v1/rooms/{room}/participants/{pid}",
    summary: "Remove a participant; tokens issued to that identity before are void for a day.",
    auth: "api",
    status: 204,
    errors: ["no-such-room", "no-such-participant"],
  },
  {
    method: "POST",
    path: "/v1/rooms/{room}/rtp",
    summary: "Take plain RTP or SRTP into a room, or send it from there.",
    auth: "api",
    body: CreateRtp,
    status: 201,
    result: RtpCreated,
    errors: [
      ...(["no-such-room", "room-full", "no-such-source", "no-such-participant"] as const),
      ...(["no-media-node", "node-setting", "rtp-unavailable", "rtp-destination"] as const),
    ],
  },
  {
    method: "DELETE",
    path: "/v1/rooms/{room}/rtp/{pid}",
    summary: "End it.",
    auth: "api",
    status: 204,
    errors: ["no-such-room", "no-such-participant"],
  },
  {
    method: "POST",
    path: "/v1/rooms/{room}/hls",
    summary: "Broadcast a participant's picture, with sound, as HLS.",
    auth: "api",
    body: CreateHls,
    status: 201,
    result: HlsCreated,
    errors: [
      ...(["no-such-room", "room-full", "no-such-source", "no-such-participant"] as const),
      ...(["no-media-node", "node-setting", "unsupported-codec"] as const),
    ],
  },
  {
    method: "DELETE",
    path: "/v1/rooms/{room}/hls/{pid}",
    summary: "End the broadcast.",
    auth: "api",
    status: 204,
    errors: ["no-such-room", "no-such-participant"],
  },
  {
    method: "POST",
    path: "/v1/bots/{room}",
    summary: "Let a program in by sound alone: PCM of a source or of the mix, and PCM as a source.",
    auth: "join",
    body: OpenBot,
    status: 201,
    result: BotDoor,
    errors: [
      ...(["token-wrong-room", "no-grant", "no-such-room", "room-full", "room-closed", "removed"] as const),
      ...(["no-such-source", "no-such-participant", "no-media-node", "node-setting"] as const),
    ],
  },
  {
    method: "POST",
    path: "/v1/rtmp/{room}",
    summary: "Let an encoder in that speaks RTMP: the server's address and a stream key.",
    auth: "join",
    status: 201,
    result: RtmpDoor,
    errors: [
      ...(["token-wrong-room", "no-grant", "no-such-room", "room-full", "room-closed", "removed"] as const),
      ...(["no-media-node", "node-setting"] as const),
    ],
  },
  {
    method: "GET",
    path: "/v1/nodes",
    summary: "The media nodes: where they stand, how loaded they are, which drain.",
    auth: "api",
    status: 200,
    result: NodeList,
  },
  {
    method: "GET",
    path: "/v1/ice-servers",
    summary: "STUN and TURN servers for a participant, in the room or about to join, with credentials of its own.",
    auth: "participant",
    query: {
      room: "The room's id; may be left out with a join token, which names it.",
      identity: "With an API token: the identity that they are for.",
    },
    status: 200,
    result: IceServers,
    errors: ["no-such-room", "room-closed", "room-full", "removed", "resume-refused"],
  },
  {
    method: "POST",
    path: "/v1/tokens",
    summary: "Mint a join token.",
    auth: "api",
    body: MintToken,
    status: 201,
    result: Token,
  },
  {
    method: "POST",
    path: "/v1/invitations",
    summary: "Make a room and its two invitations (`ROOM_ACCESS=invite`).",
    auth: "none",
    body: CreateInvitations,
    status: 201,
    result: Invitations,
    errors: ["access-mode", "password-wrong", "room-exists"],
  },
  {
    method: "POST",
    path: "/v1/invitations/redeem",
    summary: "Exchange an invitation for a join token that is good for five minutes.",
    auth: "none",
    body: RedeemInvitation,
    status: 201,
    result: RedeemedInvitation,
    errors: ["access-mode", "invitation-invalid"],
  },
  {
    method: "POST",
    path: "/v1/open/tokens",
    summary: "A join token for anybody (`ROOM_ACCESS=open`, development only).",
    auth: "none",
    body: OpenToken,
    status: 201,
    result: Token,
    errors: ["access-mode"],
  },
  ...TELEPHONY_ROUTES,
];
