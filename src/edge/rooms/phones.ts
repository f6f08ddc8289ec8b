/**
 * Telephones: participants whose signaling is a call. Telephony lets them in and says how their call is; their media is at the node
 * that has the call.
 * @module
 */
import type { ClientFrame } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import type { Grants } from "../../protocol/grants.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Assignment } from "../../protocol/link.ts";
import { PHONE_ATTRIBUTES } from "../../protocol/phone-attributes.ts";
import { unwrap } from "../reply.ts";
import { telephonyStub } from "../stubs.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin, ensureRecord } from "./entry.ts";
import type { Member } from "./members.ts";
import { depart, join } from "./membership.ts";
import { place, whereOf } from "./placement.ts";
import { updateProfile } from "./profile.ts";
import { peerOf } from "./signals.ts";
import { publish, unpublish } from "./sources.ts";

/** A call that is to be in the room. */
export interface PhoneWish {
  readonly call: string;
  /** Of whoever calls or is called; somebody else's call with the same one gets one of its own. */
  readonly identity: string;
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** The node that has the call. */
  readonly node: string;
  /** Make the room if it is missing. */
  readonly create: boolean;
  /** Whether it may be seen, and see. */
  readonly video: boolean;
  /** Whether somebody in the room called it: then it may come though it was removed before. */
  readonly called: boolean;
}

export interface AdmittedPhone {
  readonly pid: string;
  /** Nobody else is to be seen in the room. */
  readonly alone: boolean;
  readonly where: Assignment;
}

const GRANTS: Grants = { publish: ["mic"], subscribe: ["mic", "screen-audio", "custom", "mix"] };
const VIDEO_GRANTS: Grants = {
  publish: ["mic", "camera"],
  subscribe: ["mic", "camera", "screen", "screen-audio", "custom", "mix"],
};

/**
 * Let a telephone in, and see to it that the node that has the call carries the room.
 * @throws TandemError if it may not enter, or another node carries the room
 */
export async function admitPhone(room: RoomContext, wish: PhoneWish): Promise<AdmittedPhone> {
  const now = Date.now();
  const { call, name, attributes, node, create, called, video } = wish;
  const grants = video ? VIDEO_GRANTS : GRANTS;
  const member = room.turn(() => {
    if (!called && room.record.bannedAt(wish.identity, now) !== undefined) throw new TandemError("removed");
    // Many share one number: an office, or those who hide theirs.
    const taken = room.members.byIdentity(wish.identity) !== undefined;
    const sub = taken ? `${wish.identity}:${call}` : wish.identity;
    const iat = Math.ceil(now / 1_000);
    const claims = {
      ...{ aud: "join" as const, iat, exp: iat, room: room.id, sub, name: name.slice(0, LIMITS.nameChars) },
      ...{ attributes: { ...attributes }, grants: create ? { ...grants, create } : grants },
    };
    checkJoin(room, claims, room.record.get(), now);
    ensureRecord(room, now);
    const joined = join(room, claims, now, "phone");
    publish(room, joined, { kind: "mic", muted: false }, now);
    return joined;
  });
  try {
    // As for WHIP: the alarm that places the room would come too late for this request.
    await place(room, "", node);
    const where = whereOf(room);
    if (!where) throw new TandemError("no-media-node");
    if (where.node !== node) throw new TandemError("room-elsewhere", where.node);
    if (!room.members.get(member.pid)) throw new TandemError("no-such-participant");
    const others = [...room.members.all()].filter(({ pid, grants }) => pid !== member.pid && grants.hidden !== true);
    const { room: name, life, epoch } = where;
    return { pid: member.pid, alone: others.length === 0, where: { room: name, life, epoch } };
  } catch (error) {
    if (room.members.get(member.pid)) room.turn(() => depart(room, member, "left", Date.now()));
    throw error;
  }
}

const phoneOf = (room: RoomContext, pid: string): Member | undefined => {
  const member = room.members.get(pid);
  return member?.kind === "phone" ? member : undefined;
};

const describe = (room: RoomContext, member: Member, attributes: Readonly<Record<string, string>>, now: number): void =>
  updateProfile(room, member, { attributes: { ...attributes } }, now);

/** How its call is now. */
export function phoneState(
  room: RoomContext,
  pid: string,
  attributes: Readonly<Record<string, string>>,
  now: number,
): void {
  const member = phoneOf(room, pid);
  if (member) room.turn(() => describe(room, member, attributes, now));
}

/** It shows something from now on, or no longer: its camera. */
export function phoneVideo(room: RoomContext, pid: string, on: boolean, now: number): void {
  const member = phoneOf(room, pid);
  if (!member) return;
  const camera = [...member.sources.values()].find(({ kind }) => kind === "camera");
  if (on === (camera !== undefined)) return;
  room.turn(() => {
    if (camera) unpublish(room, member, camera.number, now);
    else publish(room, member, { kind: "camera", muted: false }, now);
  });
}

/** Its call is over; whoever is in the room is told why. */
export function phoneGone(room: RoomContext, pid: string, reason: string, now: number): void {
  const member = phoneOf(room, pid);
  if (!member) return;
  room.turn(() => {
    describe(room, member, { [PHONE_ATTRIBUTES.state]: "ended", [PHONE_ATTRIBUTES.reason]: reason }, now);
    depart(room, member, "left", now);
  });
}

/** A command as it is asked for again after a lost connection. */
const keyOf = (room: RoomContext, member: Member, id: number): string =>
  `${room.id} ${room.life.get()?.id} ${member.pid} ${id}`;

/** Somebody in the room calls a telephone. @throws TandemError */
export async function dial(room: RoomContext, member: Member, { id, to, trunk, name }: ClientFrame<"phone.call">) {
  const wish = { room: room.id, to, ...(trunk !== undefined && { trunk }), ...(name !== undefined && { name }) };
  const call = unwrap(await telephonyStub(room.env).place(wish, keyOf(room, member, id)));
  return { call: call.id, ...(call.pid !== undefined && { pid: call.pid }) };
}

/** The call of a telephone in the room. @throws TandemError `no-such-participant` */
function callOf(room: RoomContext, member: Member, pid: string): string {
  const { kind, attributes } = peerOf(room, member, pid);
  const call = attributes[PHONE_ATTRIBUTES.call];
  if (kind !== "phone" || call === undefined) throw new TandemError("no-such-participant", pid);
  return call;
}

/** Press keys at a telephone's other end, hold it, or send it elsewhere. @throws TandemError */
export async function changePhone(
  room: RoomContext,
  member: Member,
  { id, pid, dtmf, held, transfer }: ClientFrame<"phone.update">,
): Promise<void> {
  const { to, pid: other } = transfer ?? {};
  const changes = {
    ...(dtmf !== undefined && { dtmf }),
    ...(held !== undefined && { held }),
    ...(to !== undefined && { transfer: { to } }),
    ...(other !== undefined && { transfer: { call: callOf(room, member, other) } }),
  };
  unwrap(await telephonyStub(room.env).changeCall(callOf(room, member, pid), changes, keyOf(room, member, id)));
}

/** Hang up a telephone. @throws TandemError */
export async function hangUpPhone(
  room: RoomContext,
  member: Member,
  { pid }: ClientFrame<"phone.hangup">,
): Promise<void> {
  unwrap(await telephonyStub(room.env).hangUp(callOf(room, member, pid)));
}
