/**
 * Participants' media sessions with the node: offers in, answers out, and what the node says of them.
 * @module
 */
import type { BotAudio, BotEntrance } from "../../protocol/bots.ts";
import type { ClientFrame } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import type { HlsOrder, HlsPlace } from "../../protocol/hls.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { Assignment } from "../../protocol/link.ts";
import type { RtmpEntrance } from "../../protocol/rtmp.ts";
import type { RtpLeg } from "../../protocol/rtp.ts";
import type { SessionAnswer, SessionOffer } from "../../protocol/session.ts";
import type { RoomCommand } from "../nodes/media-node.ts";
import type { Answer } from "../nodes/waiting.ts";
import { unwrap } from "../reply.ts";
import { nodeStub } from "../stubs.ts";
import type { RoomContext } from "./context.ts";
import type { Member } from "./members.ts";
import { depart } from "./membership.ts";
import { move, type NodeWord, whereOf } from "./placement.ts";
import { isSilent } from "./presence.ts";

/** At most one probe of the node in this time, however many report. */
const PROBE_PAUSE = 250;

/** Have the node that carries the room do something. @throws TandemError */
async function command(room: RoomContext, of: (where: Assignment) => RoomCommand): Promise<Answer> {
  const where = whereOf(room);
  if (!where) throw new TandemError("no-media-node");
  const { node, ...assignment } = where;
  return unwrap(await nodeStub(room.env, node).execute(of(assignment)));
}

/** Have it answer a description. @throws TandemError */
async function ask(room: RoomContext, of: (where: Assignment) => RoomCommand): Promise<SessionAnswer> {
  const { answer } = await command(room, of);
  if (!answer) throw new TandemError("internal");
  return answer;
}

/** Have it open a door for a program. @throws TandemError */
export async function openDoor(room: RoomContext, pid: string, audio: BotAudio): Promise<BotEntrance> {
  const { bot } = await command(room, where => ({ type: "bot.open", ...where, pid, audio }));
  if (!bot) throw new TandemError("internal");
  return { ...bot };
}

/** Have it open a door for an encoder. @throws TandemError */
export async function openRtmpDoor(room: RoomContext, pid: string): Promise<RtmpEntrance> {
  const { rtmp } = await command(room, where => ({ type: "rtmp.open", ...where, pid }));
  if (!rtmp) throw new TandemError("internal");
  return { ...rtmp };
}

/** Have it open ports for plain RTP. @throws TandemError */
export const openPorts = (room: RoomContext, pid: string, leg: RtpLeg): Promise<SessionAnswer> =>
  ask(room, where => ({ type: "rtp.open", ...where, pid, leg }));

/** Have the node answer an offer. @throws TandemError */
export const offerSession = (room: RoomContext, pid: string, offer: SessionOffer): Promise<SessionAnswer> =>
  ask(room, where => ({ type: "session.open", ...where, pid, offer }));

/** Have the node restart ICE with the peer's new credentials. @throws TandemError */
export const restartSession = (
  room: RoomContext,
  pid: string,
  ice: { readonly ufrag: string; readonly password: string },
): Promise<SessionAnswer> => ask(room, where => ({ type: "session.restart", ...where, pid, ice: { ...ice } }));

/** Have it write a broadcast. @throws TandemError */
export async function openBroadcast(room: RoomContext, pid: string, order: HlsOrder): Promise<HlsPlace> {
  const { hls } = await command(room, where => ({ type: "hls.open", ...where, pid, order }));
  if (!hls) throw new TandemError("internal");
  return { ...hls };
}

/** A client's offer, for the assignment that it knows. */
export function clientOffer(
  room: RoomContext,
  member: Member,
  { epoch, offer }: ClientFrame<"session.offer">,
): Promise<SessionAnswer> {
  const where = whereOf(room);
  if (!where) throw new TandemError("no-media-node");
  if (where.epoch !== epoch) throw new TandemError("wrong-state", "that assignment is over");
  return offerSession(room, member.pid, offer);
}

/** A client that gets nothing it was owed: see whether the node still carries the room, and move if it does not. */
export async function probeNode(room: RoomContext, epoch: number, now: number): Promise<void> {
  const where = whereOf(room);
  if (!where || where.epoch !== epoch || now - room.probedAt < PROBE_PAUSE) return;
  room.probedAt = now;
  const { node, ...assignment } = where;
  const reply = await nodeStub(room.env, node).execute({ type: "probe", ...assignment });
  const still = whereOf(room);
  if ("refusal" in reply && still?.epoch === epoch && still.node === node) move(room, Date.now());
}

/** What the node says of a participant's session. A silent one starts a grace, nothing more. */
export function nodeSession(room: RoomContext, word: NodeWord, pid: string, state: string, now: number): void {
  const where = whereOf(room);
  if (where?.node !== word.node || where.life !== word.life || where.epoch !== word.epoch) return;
  const member = room.members.get(pid);
  if (!member) return;
  room.turn(() => {
    if (member.kind === "client") {
      if (state === "silent" && isSilent(room, member, now)) room.timers.ensure("silent", pid, now + TIMES.grace);
      else if (state === "connected") room.timers.clear("silent", pid);
    } else if (state === "closed") depart(room, member, "vanished", now);
  });
}
