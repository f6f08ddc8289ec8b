/**
 * The room's Durable Object. It only receives what the platform brings and hands it on; what happens then stands beside it.
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import type { BotDoor, OpenBot } from "../../protocol/bots.ts";
import type { CreateHls, HlsCreated } from "../../protocol/hls.ts";
import type { Participant } from "../../protocol/model.ts";
import type { RoomDetail } from "../../protocol/rest.ts";
import type { RtmpDoor } from "../../protocol/rtmp.ts";
import type { CreateRtp, RtpCreated } from "../../protocol/rtp.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { PING, PONG } from "../../protocol/version.ts";
import { type Reply, replyLater, replyWith } from "../reply.ts";
import type { Place } from "../turn/nearest.ts";
import { ADMISSION_HEADER, decodeAdmission } from "./admission.ts";
import { runTimers } from "./alarm.ts";
import {
  type Attendance,
  type AttendanceName,
  type AttendanceRequest,
  attend,
  endAttendance,
  patchAttendance,
} from "./attendance.ts";
import { openBot } from "./bots.ts";
import { createContext, type RoomContext } from "./context.ts";
import { closed, receive } from "./dispatch.ts";
import { admit } from "./entry.ts";
import { endHls, openHls } from "./hls.ts";
import { type IceAsker, relaysNear, type ServerList, serversByToken } from "./ice.ts";
import { lose } from "./membership.ts";
import type { RoomChanges } from "./moderation.ts";
import { type AdmittedPhone, admitPhone, type PhoneWish, phoneGone, phoneState, phoneVideo } from "./phones.ts";
import { type NodeWord, nodeAvailable, nodeBack, nodeLost, place, release, retell } from "./placement.ts";
import type { InvitationRole } from "./record.ts";
import { revokeGone } from "./relays.ts";
import { createReporter } from "./report.ts";
import { openRtmp } from "./rtmp.ts";
import { endRtp, openRtp } from "./rtp.ts";
import { close, create, detail, type NewRoom, participants, redeem, remove, update } from "./service.ts";
import { nodeSession } from "./sessions.ts";
import type { Timer } from "./timers.ts";

export class Room extends DurableObject<Cloudflare.Env> {
  readonly #room: RoomContext;
  readonly #report: () => Promise<void>;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG));
    this.#room = createContext(state, env);
    this.#report = createReporter(this.#room);
    this.#room.log.debug("wake", { run: "constructor" });
  }

  /** First of every run: note it, and find out which sockets died unseen, with an earlier instance. */
  #enter(run: string): RoomContext {
    const room = this.#room;
    room.log.debug("wake", { run });
    const orphans = room.connections.takeOrphans();
    if (orphans.length > 0) {
      room.turn(() => {
        for (const { id, pid } of orphans) lose(room, id, pid, Date.now());
      });
    }
    return room;
  }

  /** A connection that the Worker has authenticated. */
  override async fetch(request: Request): Promise<Response> {
    const admission = decodeAdmission(request.headers.get(ADMISSION_HEADER) ?? "");
    const knows = admission.kind === "resume" ? this.#room.relays.nodesOf({ pid: admission.pid, identity: "" }) : [];
    const relays = await relaysNear(this.#room, admission.place, knows);
    const room = this.#enter("fetch");
    const reply = replyWith(() => admit(room, { ...admission, relays }, Date.now()));
    if ("refusal" in reply) return Response.json(reply.refusal, { status: 403 });
    return new Response(null, { status: 101, webSocket: reply.value });
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): void {
    const room = this.#enter("message");
    const connection = room.connections.of(socket);
    if (connection) receive(room, connection, data, Date.now());
  }

  override webSocketClose(socket: WebSocket, code: number, reason: string): void {
    closed(this.#enter("close"), socket, code, reason, Date.now());
  }

  override webSocketError(socket: WebSocket): void {
    closed(this.#enter("error"), socket, 1006, "", Date.now());
  }

  override async alarm(): Promise<void> {
    const room = this.#enter("alarm");
    try {
      await Promise.all(runTimers(room, Date.now()).map(timer => this.#runSlow(room, timer)));
    } finally {
      if (room.db.opened) room.timers.arm(true);
    }
  }

  async #runSlow(room: RoomContext, { kind, subject }: Timer): Promise<void> {
    if (kind === "report") await this.#report();
    else if (kind === "place") await place(room, subject);
    else if (kind === "revoke") await revokeGone(room);
    else if (kind === "retell") await retell(room);
    else await release(room, subject);
  }

  /** A media node has come that may carry the room. */
  nodeAvailable(): void {
    nodeAvailable(this.#enter("node-available"), Date.now());
  }

  /** A media node no longer carries the room. */
  nodeLost(word: NodeWord): void {
    nodeLost(this.#enter("node-lost"), word, Date.now());
  }

  /** A media node's link is back; `sessions` are the participants it has sessions of. */
  async nodeBack(word: NodeWord & { sessions: readonly string[] }): Promise<void> {
    await nodeBack(this.#enter("node-back"), word, word.sessions, Date.now());
  }

  /** What a media node says of a participant's session. */
  nodeSession(word: NodeWord & { pid: string; state: string }): void {
    nodeSession(this.#enter("node-session"), word, word.pid, word.state, Date.now());
  }

  /** Let a WHIP encoder or a WHEP player in. */
  async attend(claims: JoinClaims, request: AttendanceRequest, place: Place | undefined): Promise<Reply<Attendance>> {
    const room = this.#enter(request.kind);
    return replyLater(() => attend(room, claims, request, place));
  }

  /** Let a program in. */
  async openBot(claims: JoinClaims, wish: OpenBot): Promise<Reply<BotDoor>> {
    const room = this.#enter("bot");
    return replyLater(() => openBot(room, claims, wish));
  }

  /** Let an encoder in. */
  async openRtmp(claims: JoinClaims): Promise<Reply<RtmpDoor>> {
    const room = this.#enter("rtmp");
    return replyLater(() => openRtmp(room, claims));
  }

  /** Broadcast as HLS. */
  async openHls(wish: CreateHls): Promise<Reply<HlsCreated>> {
    const room = this.#enter("hls");
    return replyLater(() => openHls(room, wish));
  }

  endHls(pid: string): Reply<true> {
    const room = this.#enter("end-hls");
    return replyWith(() => endHls(room, pid, Date.now()));
  }

  /** Let a telephone in. */
  async admitPhone(wish: PhoneWish): Promise<Reply<AdmittedPhone>> {
    const room = this.#enter("phone");
    return replyLater(() => admitPhone(room, wish));
  }

  /** How a telephone's call is. */
  phoneState(pid: string, attributes: Readonly<Record<string, string>>): void {
    phoneState(this.#enter("phone-state"), pid, attributes, Date.now());
  }

  /** A telephone shows something, or no longer. */
  phoneVideo(pid: string, on: boolean): void {
    phoneVideo(this.#enter("phone-video"), pid, on, Date.now());
  }

  /** A telephone's call is over. */
  phoneGone(pid: string, reason: string): void {
    phoneGone(this.#enter("phone-gone"), pid, reason, Date.now());
  }

  /** Take plain RTP, or send it. */
  async openRtp(wish: CreateRtp): Promise<Reply<RtpCreated>> {
    const room = this.#enter("rtp");
    return replyLater(() => openRtp(room, wish));
  }

  endRtp(pid: string): Reply<true> {
    const room = this.#enter("end-rtp");
    return replyWith(() => endRtp(room, pid, Date.now()));
  }

  /** Candidates, which need no answer, or an ICE restart, which does. */
  async patchAttendance(
    claims: JoinClaims,
    request: Parameters<typeof patchAttendance>[2],
  ): Promise<Reply<Pick<Attendance, "sdp" | "etag"> | null>> {
    const room = this.#enter("patch-attendance");
    return replyLater(() => patchAttendance(room, claims, request));
  }

  /** STUN and TURN servers for whoever brings a token of this room. */
  async iceServers(asker: IceAsker, place: Place | undefined): Promise<Reply<ServerList>> {
    const room = this.#enter("ice-servers");
    return replyLater(() => serversByToken(room, asker, place));
  }

  /** Let it go, at its bearer's wish. */
  endAttendance(claims: JoinClaims, name: AttendanceName): Reply<true> {
    const room = this.#enter("end-attendance");
    return replyWith(() => endAttendance(room, claims, name, Date.now()));
  }

  /** Make the room, and list it before this returns. */
  async create(settings: NewRoom): Promise<Reply<RoomDetail>> {
    const room = this.#enter("create");
    const reply = replyWith(() => create(room, settings, Date.now()));
    if ("value" in reply) await this.#report();
    return reply;
  }

  detail(): Reply<RoomDetail> {
    const room = this.#enter("detail");
    return replyWith(() => detail(room));
  }

  update(changes: RoomChanges): Reply<RoomDetail> {
    const room = this.#enter("update");
    return replyWith(() => update(room, changes, Date.now()));
  }

  /** Close the room, and take it off the list before this returns. */
  async close(): Promise<Reply<true>> {
    const room = this.#enter("close-room");
    const reply = replyWith(() => close(room, Date.now()));
    if ("value" in reply) await this.#report();
    return reply;
  }

  participants(): Reply<Participant[]> {
    const room = this.#enter("participants");
    return replyWith(() => participants(room));
  }

  remove(pid: string): Reply<true> {
    const room = this.#enter("remove");
    return replyWith(() => remove(room, pid, Date.now()));
  }

  /** The role that an invitation gives, by the invitation's hash. */
  redeem(hash: string): Reply<InvitationRole> {
    const room = this.#enter("redeem");
    return replyWith(() => redeem(room, hash));
  }
}
