/**
 * Programs that take part by sound alone: they have no session and no connection here, but a door at the node that carries the
 * room. They are gone when the node says so.
 * @module
 */
import type { BotAudio, BotDoor, OpenBot } from "../../protocol/bots.ts";
import { TandemError } from "../../protocol/errors.ts";
import type { Grants } from "../../protocol/grants.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { played } from "./attendance.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin, ensureRecord } from "./entry.ts";
import { depart, join } from "./membership.ts";
import { place } from "./placement.ts";
import { openDoor } from "./sessions.ts";
import { publish } from "./sources.ts";

/** Check what the token's grants say of a wish. @throws TandemError `no-grant` or `bad-request` */
export function checkBot({ hear, speak }: OpenBot, grants: Grants): void {
  if (hear === undefined && !speak) throw new TandemError("bad-request", "hear or speak: one of them at least");
  // What players call so is a picture that changes; there is no such sound.
  if (hear === "speaker") throw new TandemError("bad-request", "hear: mix, the number of a source or an identity");
  if (speak && !grants.publish?.includes("mic")) throw new TandemError("no-grant", "publish mic");
  if (hear === undefined) return;
  if (hear === "mix" ? !grants.subscribe?.includes("mix") : !grants.subscribe?.length) {
    throw new TandemError("no-grant", hear === "mix" ? "subscribe mix" : "subscribe");
  }
}

/** Let a program in, and have the node open a door for it. @throws TandemError if it may not enter, or no node can carry it */
export async function openBot(room: RoomContext, claims: JoinClaims, wish: OpenBot): Promise<BotDoor> {
  const now = Date.now();
  const { hear, speak, rate } = wish;
  const { member, heard } = room.turn(() => {
    checkJoin(room, claims, room.record.get(), now);
    const heard: BotAudio["hear"] = hear === undefined ? undefined : (played(room, hear, claims).only ?? "mix");
    ensureRecord(room, now);
    const joined = join(room, claims, now, "bot");
    if (speak) publish(room, joined, { kind: "mic", muted: false }, now);
    return { member: joined, heard };
  });
  const { pid } = member;
  try {
    // As for WHIP: the alarm that places the room would come too late for this request.
    await place(room, "");
    const audio: BotAudio = { speak, rate };
    if (heard !== undefined) audio.hear = heard;
    const { url, token } = await openDoor(room, pid, audio);
    if (!room.members.get(pid)) throw new TandemError("no-such-participant");
    return { pid, url, token, expiresAt: now + TIMES.botDoor };
  } catch (error) {
    if (room.members.get(pid)) room.turn(() => depart(room, member, "left", Date.now()));
    throw error;
  }
}
