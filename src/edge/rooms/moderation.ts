/** What moderators and the REST API do to others and to the room. @module */
import type { ErrorCode } from "../../protocol/errors.ts";
import { TandemError } from "../../protocol/errors.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { RoomContext } from "./context.ts";
import type { Member } from "./members.ts";
import { changed, depart, dismiss, keepRecord, refreshTopology } from "./membership.ts";
import { whereOf } from "./placement.ts";
import type { RoomRecord } from "./record.ts";
import { RECORD_TABLES } from "./schema.ts";
import { setMuted } from "./sources.ts";

/** Mute a source of anybody's. Its holder may unmute it. */
export function muteSource(room: RoomContext, moderator: Member, number: number, now: number): void {
  const holder = room.members.holderOf(number);
  if (!holder) throw new TandemError("no-such-source");
  setMuted(room, holder, number, true, now, moderator);
}

/** Remove a participant, and void the tokens its identity holds. */
export function removeMember(room: RoomContext, member: Member, now: number, reason?: string): void {
  room.record.ban(member.identity, now);
  const connection = room.connections.ofMember(member.pid);
  if (connection) dismiss(room, connection, "removed", reason);
  depart(room, member, "removed", now);
}

/** What may be changed of a room. */
export type RoomChanges = Partial<Pick<RoomRecord, "metadata" | "maxParticipants" | "topology" | "persistent">>;

export function updateRoom(room: RoomContext, changes: RoomChanges, now: number): void {
  const record = room.record.get();
  if (!record) throw new TandemError("no-such-room");
  room.record.put({ ...record, ...changes });
  if (changes.metadata !== undefined && changes.metadata !== record.metadata && room.life.get()) {
    room.events.append({ type: "room.updated", metadata: changes.metadata }, undefined, now);
  }
  if (changes.persistent !== undefined && changes.persistent !== record.persistent) keepRecord(room, now);
  refreshTopology(room, now);
}

/** Delete the life and the record. */
function wipe(room: RoomContext, now: number): void {
  const where = whereOf(room);
  if (where) room.timers.set("release", JSON.stringify(where), now);
  room.assignment.drop();
  room.relays.leaveAll(now);
  room.life.end();
  for (const table of RECORD_TABLES) room.db.write(`DELETE FROM ${table}`);
  room.record.drop();
  room.members.drop();
  room.events.drop();
}

/** Close the room: everybody goes, and no token issued until now makes it anew. */
export function closeRoom(room: RoomContext, now: number): void {
  if (!room.record.get()) throw new TandemError("no-such-room");
  room.events.append({ type: "room.closed" }, undefined, now);
  const code: ErrorCode = "room-closed";
  for (const connection of [...room.connections.all()]) dismiss(room, connection, code);
  for (const kind of ["grace", "silent", "forget", "place", "settle"] as const) room.timers.clearAll(kind);
  wipe(room, now);
  room.record.markClosed(now);
  room.timers.set("expire", "", now + TIMES.tokenMax);
  changed(room, now);
  room.log.info("room-closed");
}

/** The life ends: chat, membership and every right to resume. The record stays. */
export function endLife(room: RoomContext): void {
  if (room.members.count > 0) return;
  const life = room.life.get();
  room.life.end();
  room.assignment.drop();
  room.events.drop();
  room.log.info("life-ended", { life: life?.id });
}

/** The record ends, or what was left of a closed room. */
export function expireRecord(room: RoomContext, now: number): void {
  if (room.members.count > 0) return;
  if (room.record.get()) room.log.info("room-expired");
  wipe(room, now);
  room.record.reopen();
  room.db.write("DELETE FROM removals");
  room.timers.clear("forget", "");
  changed(room, now);
}
