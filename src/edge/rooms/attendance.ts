/**
 * Participants whose media session is all there is of them: WHIP encoders and WHEP players. They have no connection; they leave by
 * DELETE, or when the node says that their session is over.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { SourceKind } from "../../protocol/names.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin, ensureRecord } from "./entry.ts";
import type { Member } from "./members.ts";
import { depart, join } from "./membership.ts";
import { place } from "./placement.ts";
import { offerSession } from "./sessions.ts";
import { publish } from "./sources.ts";

export type AttendanceKind = "whip" | "whep";

/** What an m-line of an encoder is, by its media type. */
const KINDS: Readonly<Record<string, SourceKind>> = { audio: "mic", video: "camera" };

/** The sources that an encoder's offer announces: the first m-line of each media type. */
const announced = (sdp: string): SourceKind[] =>
  [...new Set([...sdp.matchAll(/^m=(audio|video) /gm)].map(([, type]) => KINDS[type ?? ""]))].filter(
    kind => kind !== undefined,
  );

function checkGrants(kind: AttendanceKind, claims: JoinClaims, sdp: string): void {
  if (kind === "whep") {
    if (!claims.grants.subscribe?.length) throw new TandemError("no-grant", "subscribe");
    return;
  }
  const kinds = announced(sdp);
  if (kinds.length === 0) throw new TandemError("media-offer", "an encoder offers audio or video");
  for (const wanted of kinds)
    if (!claims.grants.publish?.includes(wanted)) throw new TandemError("no-grant", `publish ${wanted}`);
}

/**
 * Let an encoder or player in, and have the node answer its offer.
 * @throws TandemError if it may not enter, or no node can answer
 */
export async function attend(
  room: RoomContext,
  kind: AttendanceKind,
  claims: JoinClaims,
  sdp: string,
): Promise<{ pid: string; sdp: string }> {
  const now = Date.now();
  checkGrants(kind, claims, sdp);
  const member = room.turn(() => {
    checkJoin(room, claims, room.record.get(), now);
    ensureRecord(room, now);
    const joined = join(room, claims, now, kind);
    if (kind === "whip") {
      for (const source of announced(sdp)) publish(room, joined, { kind: source, muted: false }, now);
    }
    return joined;
  });
  try {
    // There may be no node yet: the alarm that places the room would come too late for this request.
    await place(room, "");
    const answer = await offerSession(room, member.pid, { sdp });
    return { pid: member.pid, sdp: answer.sdp };
  } catch (error) {
    leaveAs(room, member, Date.now());
    throw error;
  }
}

function leaveAs(room: RoomContext, member: Member, now: number): void {
  if (room.members.get(member.pid)) room.turn(() => depart(room, member, "left", now));
}

/** The end that its bearer asks for. @throws TandemError `no-such-participant` for anybody else's */
export function endAttendance(room: RoomContext, claims: JoinClaims, pid: string, now: number): true {
  const member = room.members.get(pid);
  if (!member || member.identity !== claims.sub || member.kind === "client")
    throw new TandemError("no-such-participant");
  leaveAs(room, member, now);
  return true;
}
