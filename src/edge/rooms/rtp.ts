/**
 * Programs that speak plain RTP: they have neither session nor connection, but ports at the node that carries the room. They stay
 * until they are ended, or the node has lost them.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { Grants } from "../../protocol/grants.ts";
import { SOURCE_KINDS } from "../../protocol/names.ts";
import type { CreateRtp, RtpCreated, RtpLeg, SdesKey } from "../../protocol/rtp.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { played } from "./attendance.ts";
import type { RoomContext } from "./context.ts";
import { checkJoin } from "./entry.ts";
import { depart, join } from "./membership.ts";
import { place } from "./placement.ts";
import { openPorts } from "./sessions.ts";
import { publish } from "./sources.ts";

const PUBLISHER: Grants = { publish: ["mic", "camera"] };
const PLAYER: Grants = { subscribe: [...SOURCE_KINDS] };
/** Master key and salt (RFC 3711 §8.2, RFC 7714 §12). */
const KEY_BYTES: Readonly<Record<SdesKey["suite"], number>> = { AES_CM_128_HMAC_SHA1_80: 30, AEAD_AES_128_GCM: 28 };

/** The key of a wish, made here where it has none. @throws TandemError `bad-request` for one of the wrong length */
function keyOf(wish: { suite: SdesKey["suite"]; key?: string | undefined } | undefined): { srtp?: SdesKey } {
  if (!wish) return {};
  const { suite } = wish;
  const bytes = KEY_BYTES[suite];
  const { key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(bytes)))) } = wish;
  if (atob(key).length !== bytes) throw new TandemError("bad-request", `srtp.key: ${bytes} bytes in base64`);
  return { srtp: { suite, key } };
}

/** What the node is told. @throws TandemError if there is no such thing to send */
function legOf(room: RoomContext, { receive, send }: CreateRtp, claims: JoinClaims): RtpLeg {
  if (receive) {
    const { srtp, ...rest } = receive;
    return { receive: { ...rest, ...keyOf(srtp) } };
  }
  if (!send) throw new TandemError("bad-request", "either receive or send");
  const { source, srtp, ...rest } = send;
  return { send: { ...rest, ...played(room, source, claims), ...keyOf(srtp) } };
}

/** Let one in, and have the node open its ports. @throws TandemError if it may not enter, or no node takes it */
export async function openRtp(room: RoomContext, wish: CreateRtp): Promise<RtpCreated> {
  const now = Date.now();
  const { identity, name, receive } = wish;
  if (!room.record.get()) throw new TandemError("no-such-room");
  const iat = Math.floor(now / 1_000);
  const grants = receive ? PUBLISHER : PLAYER;
  const claims: JoinClaims = { aud: "join", sub: identity, room: room.id, iat, exp: iat, grants };
  if (name !== undefined) claims.name = name;
  const { member, leg } = room.turn(() => {
    checkJoin(room, claims, room.record.get(), now);
    const leg = legOf(room, wish, claims);
    const joined = join(room, claims, now, "rtp");
    if (receive?.audio) publish(room, joined, { kind: "mic", muted: false }, now);
    if (receive?.video) publish(room, joined, { kind: "camera", muted: false }, now);
    return { member: joined, leg };
  });
  const { pid } = member;
  try {
    // As for WHIP: the alarm that places the room would come too late for this request.
    await place(room, "");
    const { sdp } = await openPorts(room, pid, leg);
    if (!room.members.get(pid)) throw new TandemError("no-such-participant");
    return { pid, identity, sdp };
  } catch (error) {
    if (room.members.get(pid)) room.turn(() => depart(room, member, "left", Date.now()));
    throw error;
  }
}

/** @throws TandemError `no-such-room`, or `no-such-participant` for one that is no program of this kind */
export function endRtp(room: RoomContext, pid: string, now: number): true {
  if (!room.record.get()) throw new TandemError("no-such-room");
  const member = room.members.get(pid);
  if (member?.kind !== "rtp") throw new TandemError("no-such-participant", pid);
  room.turn(() => depart(room, member, "left", now));
  return true;
}
