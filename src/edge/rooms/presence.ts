/**
 * Signs of life. A client's ping is answered by the platform and wakes nobody; it only leaves a time at its socket.
 * @module
 */
import { TIMES } from "../../protocol/limits.ts";
import type { Connection } from "./connections.ts";
import type { RoomContext } from "./context.ts";
import type { Member } from "./members.ts";
import { depart, dismiss, lose } from "./membership.ts";

/** A peer's report counts only against somebody whose last ping is late. */
const LATE = TIMES.ping + 2_000;
/** The sweep takes a socket for dead after several pings: background tabs are slow with their timers. */
const DEAD = 45_000;

/** When the connection last gave a sign of life. */
function lastSign(room: RoomContext, connection: Connection): number {
  const ping = room.state.getWebSocketAutoResponseTimestamp(connection.socket)?.getTime() ?? 0;
  return Math.max(connection.since, connection.lastFrame, ping);
}

/** Whether a participant with a standing socket gave no sign of life when it should have. */
export function isSilent(room: RoomContext, member: Member, now: number): boolean {
  const connection = room.connections.ofMember(member.pid);
  return connection !== undefined && lastSign(room, connection) < now - LATE;
}

/** Any frame is a sign of life: it cancels a grace that a report started. */
export function noteSign(room: RoomContext, connection: Connection, now: number): void {
  connection.lastFrame = now;
  const { pid } = connection;
  if (pid !== undefined && room.timers.has("silent", pid)) room.turn(() => room.timers.clear("silent", pid));
}

/** The grace after a report is over: it goes, unless there was a sign of life since. */
export function judgeSilent(room: RoomContext, pid: string, now: number): void {
  const member = room.members.get(pid);
  const connection = room.connections.ofMember(pid);
  if (!member || !connection || lastSign(room, connection) >= now - TIMES.grace) return;
  dismiss(room, connection, "going-away");
  depart(room, member, "vanished", now);
}

/** The grace of a lost connection is over. */
export function endGrace(room: RoomContext, pid: string, now: number): void {
  const member = room.members.get(pid);
  if (member && !room.connections.ofMember(pid)) depart(room, member, "vanished", now);
}

/**
 * Look for sockets that died without a close. They are closed, and their participants get their grace: one that lives after
 * all (a slow tab) sees the close and resumes.
 */
export function sweep(room: RoomContext, now: number): void {
  for (const connection of [...room.connections.all()]) {
    if (connection.pid === undefined || lastSign(room, connection) >= now - DEAD) continue;
    dismiss(room, connection, "going-away");
    lose(room, connection.id, connection.pid, now);
  }
  if (room.connections.count > 0) room.timers.set("sweep", "", now + TIMES.sweep);
}
