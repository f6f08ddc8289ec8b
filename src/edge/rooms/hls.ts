/**
 * Broadcasts as HLS: a participant that hears and sees for an audience beyond WebRTC, so that everybody in the room sees that it is
 * there. It has no session; it stays until it is ended, or the node can't go on with it.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { CreateHls, HlsCreated, HlsUpload } from "../../protocol/hls.ts";
import { LIMITS } from "../../protocol/limits.ts";
import { participantOf, SOURCE_KINDS, sourceNumber } from "../../protocol/names.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { holdPlace, uploadPath } from "../broadcasts/bucket.ts";
import { type BroadcastSeat, mintUploadToken } from "../broadcasts/upload-token.ts";
import { secretOf } from "../settings.ts";
import { randomId } from "../tokens/random.ts";
import { played } from "./attendance.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin } from "./entry.ts";
import { depart, join } from "./membership.ts";
import { place } from "./placement.ts";
import { openBroadcast } from "./sessions.ts";

/** All that the participant who holds the first of these publishes. */
const soundsOf = ([number = 0]: readonly number[]): number[] =>
  Array.from({ length: LIMITS.sources }, (_, index) => sourceNumber(participantOf(number), index));

/** Who a broadcast is: the one of its name that there is, never somebody who came with a token and is called so. */
function identityOf(room: RoomContext, name: string): string {
  const identity = `hls:${name}`;
  const holder = room.members.byIdentity(identity);
  return holder === undefined || holder.kind === "hls" ? identity : `${identity}:${randomId(12)}`;
}

/** Makes place for a broadcast's files, where there is a bucket. */
async function openUpload({ env }: RoomContext, seat: BroadcastSeat, now: number): Promise<HlsUpload | undefined> {
  if (!env.BROADCASTS) return undefined;
  const { room, name, pid } = seat;
  await holdPlace(env.BROADCASTS, room, name, pid);
  return { path: uploadPath(room, name), token: mintUploadToken(secretOf(env, "RESUME_SECRET"), seat, now) };
}

/** Begin a broadcast; one of the same name is replaced. @throws TandemError if there is no such source, or no node takes it */
export async function openHls(room: RoomContext, { name, source, sound }: CreateHls): Promise<HlsCreated> {
  const now = Date.now();
  if (!room.record.get()) throw new TandemError("no-such-room");
  const iat = Math.floor(now / 1_000);
  const grants = { subscribe: [...SOURCE_KINDS] };
  const claims: JoinClaims = { aud: "join", sub: identityOf(room, name), room: room.id, iat, exp: iat, grants, name };
  const { member, video } = room.turn(() => {
    checkJoin(room, claims, room.record.get(), now);
    const { only: video } = played(room, source, claims);
    if (!video) throw new TandemError("no-such-source", source);
    return { member: join(room, claims, now, "hls"), video };
  });
  const { pid } = member;
  try {
    // As for WHIP: the alarm that places the room would come too late for this request.
    await place(room, "");
    const audio = sound === "mix" ? ("mix" as const) : soundsOf(video);
    const upload = await openUpload(room, { room: room.id, name, pid }, now);
    const { playlist } = await openBroadcast(room, pid, { name, video, audio, ...(upload && { upload }) });
    if (!room.members.get(pid)) throw new TandemError("no-such-participant");
    return { pid, playlist };
  } catch (error) {
    if (room.members.get(pid)) room.turn(() => depart(room, member, "left", Date.now()));
    throw error;
  }
}

/** @throws TandemError `no-such-room`, or `no-such-participant` for one that is no broadcast */
export function endHls(room: RoomContext, pid: string, now: number): true {
  if (!room.record.get()) throw new TandemError("no-such-room");
  const member = room.members.get(pid);
  if (member?.kind !== "hls") throw new TandemError("no-such-participant", pid);
  room.turn(() => depart(room, member, "left", now));
  return true;
}
