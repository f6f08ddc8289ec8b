/**
 * Coming, being away, and leaving. Losing a connection is not leaving: a grace decides.
 * @module
 */
import { ERRORS, type ErrorCode } from "../../protocol/errors.ts";
import type { LEAVE_REASONS } from "../../protocol/events.ts";
import { maySpeakDirectly } from "../../protocol/grants.ts";
import { TIMES } from "../../protocol/limits.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { randomId } from "../tokens/random.ts";
import type { Connection } from "./connections.ts";
import type { RoomContext } from "./context.ts";
import { errorText } from "./frames.ts";
import { type Member, viewOf } from "./members.ts";
import { decideTopology, type TopologySetting, wantsNode } from "./topology.ts";

export type LeaveReason = (typeof LEAVE_REASONS)[number];

/** Changes within this time reach the directory as one. */
const REPORT_DELAY = 1_000;

/** The directory's entry of this room is out of date. */
export const changed = (room: RoomContext, now: number): void => room.timers.ensure("report", "", now + REPORT_DELAY);

/** See to it that the room gets a media node, or lets go of the one it no longer needs. */
function steer(room: RoomContext, setting: TopologySetting, now: number): void {
  const assigned = room.assignment.get() !== undefined;
  if (wantsNode(setting, room.members.all())) {
    room.timers.clear("settle", "");
    if (!assigned) room.timers.ensure("place", "", now);
  } else {
    room.timers.clearAll("place");
    const urgent = setting === "mesh" || room.members.count === 0;
    if (assigned) room.timers.ensure("settle", "", now + (urgent ? 0 : room.settings.meshAfter));
  }
}

/** Say how media flows, if that is another way than before. */
export function announceTopology(room: RoomContext, now: number): void {
  const life = room.life.get();
  const record = room.record.get();
  if (!life || !record) return;
  const topology = decideTopology(record.topology, room.members.all(), room.assignment.get()?.epoch);
  const { setting, current, reason, epoch } = life.topology;
  const same = topology.setting === setting && topology.current === current;
  if (same && topology.reason === reason && topology.epoch === epoch) return;
  // The same node goes on, mixing or not.
  if (epoch !== undefined && topology.epoch === epoch && topology.current !== current)
    room.timers.set("retell", "", now);
  room.life.setTopology(topology);
  room.events.append({ type: "topology.changed", topology }, undefined, now);
}

/** Somebody came or went, or the setting changed: decide anew whether a node is needed, and how media flows. */
export function refreshTopology(room: RoomContext, now: number): void {
  const record = room.record.get();
  if (!room.life.get() || !record) return;
  steer(room, record.topology, now);
  announceTopology(room, now);
}

/** End a connection whose socket is gone, or about to be. */
export function endConnection(room: RoomContext, id: string): void {
  room.connections.remove(id);
  room.timers.clear("hello", id);
  if (room.connections.count === 0) room.timers.clear("sweep", "");
}

/** Close a connection and say why. */
export function dismiss(room: RoomContext, connection: Connection, code: ErrorCode, detail?: string): void {
  endConnection(room, connection.id);
  room.outbox.send([connection.socket], errorText(code, detail));
  room.outbox.close(connection.socket, ERRORS[code].close, code);
}

function remove(room: RoomContext, member: Member, reason: LeaveReason, now: number): void {
  room.members.remove(member);
  room.outcomes.clear(member.pid);
  room.relays.leave(member.pid, now);
  room.timers.clear("grace", member.pid);
  room.timers.clear("silent", member.pid);
  room.events.append({ type: "participant.left", pid: member.pid, reason }, member, now);
  room.log.info("participant-left", { pid: member.pid, reason });
}

/**
 * Let a participant go, for good: once, whatever the reason. Its connection, if it has one, is closed with `close`, or
 * left to the caller.
 */
export function depart(room: RoomContext, member: Member, reason: LeaveReason, now: number, close?: ErrorCode): void {
  const connection = room.connections.ofMember(member.pid);
  if (connection && close) dismiss(room, connection, close);
  else if (connection) endConnection(room, connection.id);
  remove(room, member, reason, now);
  refreshTopology(room, now);
  changed(room, now);
  if (room.members.count > 0) return;
  room.timers.set("forget", "", now + TIMES.forget);
  keepRecord(room, now);
}

/** Set when the record of a room that nobody is in expires. */
export function keepRecord(room: RoomContext, now: number): void {
  const record = room.record.get();
  if (!record) return;
  const expiresAt = room.members.count > 0 ? undefined : room.record.expiry(record, now);
  if (expiresAt === record.expiresAt) return;
  room.record.put({ ...record, expiresAt });
  if (expiresAt === undefined) room.timers.clear("expire", "");
  else room.timers.set("expire", "", expiresAt);
}

/** A fresh join. An older participant of that identity is replaced: it leaves, and its connection does not come back. */
export function join(room: RoomContext, claims: JoinClaims, now: number, kind = "client"): Member {
  if (!room.life.get()) {
    const life = room.life.begin(decideTopology(room.record.get()?.topology ?? "auto", []));
    room.log.info("life-began", { life: life.id });
  }
  const previous = room.members.byIdentity(claims.sub);
  if (previous) {
    const connection = room.connections.ofMember(previous.pid);
    if (connection) dismiss(room, connection, "replaced");
    remove(room, previous, "replaced", now);
  }
  const member: Member = {
    pid: `p_${randomId(12)}`,
    number: room.life.takeNumber(),
    identity: claims.sub,
    kind,
    grants: claims.grants,
    direct: maySpeakDirectly(claims.grants),
    joinedAt: now,
    name: claims.name ?? claims.sub.slice(0, 80),
    state: "here",
    metadata: claims.metadata,
    attributes: claims.attributes ?? {},
    sources: new Map(),
    ice: undefined,
    json: undefined,
  };
  room.members.add(member);
  room.relays.adopt(member);
  room.timers.clear("forget", "");
  keepRecord(room, now);
  room.events.append({ type: "participant.joined", participant: viewOf(member) }, member, now);
  room.log.info("participant-joined", { pid: member.pid, number: member.number });
  refreshTopology(room, now);
  changed(room, now);
  return member;
}

/** Mark whether a participant has its connection, and tell. */
export function setState(room: RoomContext, member: Member, state: "here" | "away", now: number): void {
  if (member.state === state) return;
  member.state = state;
  room.members.save(member);
  room.events.append({ type: "participant.updated", pid: member.pid, state }, member, now);
  room.log.info(state === "away" ? "participant-away" : "participant-back", { pid: member.pid });
}

/** A connection is over without a word: its participant, if it had one, gets its grace. */
export function lose(room: RoomContext, id: string, pid: string | undefined, now: number): void {
  const current = pid !== undefined && room.connections.ofMember(pid);
  endConnection(room, id);
  if (pid === undefined || (current && current.id !== id)) return;
  const member = room.members.get(pid);
  if (!member) return;
  setState(room, member, "away", now);
  room.timers.ensure("grace", pid, now + TIMES.grace);
}
