/**
 * Participants whose media session is all there is of them: WHIP encoders and WHEP players. They have no connection; they leave by
 * DELETE, or when the node says that their session is over.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { IceServer } from "../../protocol/model.ts";
import { type SourceKind, sourceNumber } from "../../protocol/names.ts";
import type { SessionOffer } from "../../protocol/session.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import type { Place } from "../turn/nearest.ts";
import { etagOf, type Precondition } from "../whip/etag.ts";
import type { IceCredentials } from "../whip/fragment.ts";
import { type AttendanceKind, checkAnswer } from "../whip/offer.ts";
import { attributeOf } from "../whip/sdp.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin, ensureRecord } from "./entry.ts";
import { relaysNear, serversFor } from "./ice.ts";
import type { Member } from "./members.ts";
import { depart, join } from "./membership.ts";
import { place } from "./placement.ts";
import { offerSession, restartSession } from "./sessions.ts";
import { publish } from "./sources.ts";

/** What the Worker has read of a POST. */
export interface AttendanceRequest {
  readonly kind: AttendanceKind;
  readonly sdp: string;
  /** What an encoder publishes. */
  readonly publishes: readonly SourceKind[];
  /**
   * What a player plays: "" or `speaker` (who speaks), `mix` (everybody in one sound), the number of a source, or the identity
   * of a participant (all that it publishes).
   */
  readonly target: string;
}

export interface Attendance {
  readonly pid: string;
  readonly sdp: string;
  readonly etag: string;
  readonly iceServers: readonly IceServer[];
}

/** Which session a request is about. */
export interface AttendanceName {
  readonly kind: AttendanceKind;
  readonly pid: string;
}

/** What is said to the node of what a player or a program wants to hear and see. @throws TandemError if there is no such thing to play */
export function played(room: RoomContext, target: string, { grants }: JoinClaims): Pick<SessionOffer, "only" | "mix"> {
  if (target === "" || target === "speaker") return {};
  if (target === "mix") {
    if (!grants.subscribe?.includes("mix")) throw new TandemError("no-grant", "subscribe mix");
    return { mix: true };
  }
  const visible = (member: Member | undefined): member is Member =>
    member !== undefined && (!member.grants.hidden || grants.moderate === true);
  if (/^\d{1,10}$/.test(target)) {
    const holder = room.members.holderOf(Number(target));
    const source = holder?.sources.get(Number(target));
    if (!visible(holder) || !source) throw new TandemError("no-such-source", target);
    if (!grants.subscribe?.some(kind => kind === source.kind))
      throw new TandemError("no-grant", `subscribe ${source.kind}`);
    return { only: [source.number] };
  }
  const member = room.members.byIdentity(target);
  if (!visible(member)) throw new TandemError("no-such-participant", target);
  return { only: Array.from({ length: LIMITS.sources }, (_, index) => sourceNumber(member.number, index)) };
}

/**
 * Let an encoder or player in, and have the node answer its offer.
 * @throws TandemError if it may not enter, or no node can answer
 */
export async function attend(
  room: RoomContext,
  claims: JoinClaims,
  { kind, sdp, publishes, target }: AttendanceRequest,
  at: Place | undefined,
): Promise<Attendance> {
  const near = await relaysNear(room, at);
  const now = Date.now();
  const { member, plays } = room.turn(() => {
    checkJoin(room, claims, room.record.get(), now);
    const plays = played(room, target, claims);
    ensureRecord(room, now);
    const joined = join(room, claims, now, kind);
    for (const source of publishes) publish(room, joined, { kind: source, muted: false }, now);
    return { member: joined, plays };
  });
  try {
    // There may be no node yet: the alarm that places the room would come too late for this request.
    await place(room, "");
    const role = kind === "whip" ? "publish" : "play";
    const answer = await offerSession(room, member.pid, { sdp, role, ...plays });
    checkAnswer(kind, sdp, answer.sdp, claims.grants);
    return room.turn(() => {
      const present = memberOf(room, member.pid);
      room.members.setIce(present, { etag: etagOf(answer.sdp), remote: attributeOf(sdp, "ice-ufrag") });
      const { iceServers } = serversFor(room, present, near, Date.now());
      return { pid: member.pid, sdp: answer.sdp, etag: etagOf(answer.sdp), iceServers };
    });
  } catch (error) {
    leaveAs(room, member, Date.now());
    throw error;
  }
}

function memberOf(room: RoomContext, pid: string): Member {
  const member = room.members.get(pid);
  if (!member) throw new TandemError("no-such-participant");
  return member;
}

function leaveAs(room: RoomContext, member: Member, now: number): void {
  if (room.members.get(member.pid)) room.turn(() => depart(room, member, "left", now));
}

/** The participant of a session that the bearer began. @throws TandemError `no-such-participant` for anybody else's */
function own(room: RoomContext, claims: JoinClaims, { kind, pid }: AttendanceName): Member {
  const member = room.members.get(pid);
  if (!member || member.identity !== claims.sub || member.kind !== kind) throw new TandemError("no-such-participant");
  return member;
}

/**
 * What a PATCH asks for: credentials that are in use bring candidates, which need nothing done; others restart ICE. A restart that
 * fails leaves the session as it was.
 * @returns the answer to a restart, or null
 * @throws TandemError
 */
export async function patchAttendance(
  room: RoomContext,
  claims: JoinClaims,
  { match, ice, ...name }: AttendanceName & { readonly match: Precondition; readonly ice: IceCredentials },
): Promise<Pick<Attendance, "sdp" | "etag"> | null> {
  const { ice: now, pid } = own(room, claims, name);
  if (match !== "any" && !match.some(etag => etag === now?.etag)) throw new TandemError("etag-stale");
  if (ice.ufrag === now?.remote) return null;
  const { sdp } = await restartSession(room, pid, ice);
  const etag = etagOf(sdp);
  room.turn(() => room.members.setIce(memberOf(room, pid), { etag, remote: ice.ufrag }));
  return { sdp, etag };
}

/** The end that its bearer asks for. @throws TandemError `no-such-participant` for anybody else's */
export function endAttendance(room: RoomContext, claims: JoinClaims, name: AttendanceName, now: number): true {
  leaveAs(room, own(room, claims, name), now);
  return true;
}
