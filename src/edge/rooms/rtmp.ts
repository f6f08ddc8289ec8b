/**
 * Encoders that speak RTMP: as programs that take part by sound, they have no session and no connection here, but a door at the node
 * that carries the room. They are gone when the node says so.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { RtmpDoor } from "../../protocol/rtmp.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin, ensureRecord } from "./entry.ts";
import { depart, join } from "./membership.ts";
import { place } from "./placement.ts";
import { updateProfile } from "./profile.ts";
import { openRtmpDoor } from "./sessions.ts";
import { publish } from "./sources.ts";

/** What everybody sees of an encoder that isn't heard, under the name of the attribute. */
const NO_SOUND = { sound: "left out: the media node has nothing that decodes AAC" };

/**
 * Let an encoder in, and have the node open a door for it. It publishes a camera, and a microphone where its sound can be decoded.
 * @throws TandemError if it may not enter, or no node can carry it
 */
export async function openRtmp(room: RoomContext, claims: JoinClaims): Promise<RtmpDoor> {
  const now = Date.now();
  const member = room.turn(() => {
    checkJoin(room, claims, room.record.get(), now);
    ensureRecord(room, now);
    const joined = join(room, claims, now, "rtmp");
    publish(room, joined, { kind: "camera", muted: false }, now);
    return joined;
  });
  const { pid } = member;
  try {
    // As for WHIP: the alarm that places the room would come too late for this request.
    await place(room, "");
    const { url, token: key, sound } = await openRtmpDoor(room, pid);
    const present = room.members.get(pid);
    if (!present) throw new TandemError("no-such-participant");
    const heard = sound && claims.grants.publish?.includes("mic") === true;
    room.turn(() => {
      if (heard) publish(room, present, { kind: "mic", muted: false }, Date.now());
      else if (!sound) updateProfile(room, present, { attributes: NO_SOUND }, Date.now());
    });
    return { pid, url, key, sound: heard, expiresAt: now + TIMES.rtmpDoor };
  } catch (error) {
    if (room.members.get(pid)) room.turn(() => depart(room, member, "left", Date.now()));
    throw error;
  }
}
