/**
 * What the REST API asks of a room.
 * @module
 */
import { TandemError } from "../../protocol/errors.ts";
import type { Participant } from "../../protocol/model.ts";
import type { RoomDetail } from "../../protocol/rest.ts";
import type { RoomContext } from "./context.ts";
import { createRecord } from "./entry.ts";
import { viewOf } from "./members.ts";
import { closeRoom, type RoomChanges, removeMember, updateRoom } from "./moderation.ts";
import type { InvitationRole, RoomRecord } from "./record.ts";
import { decideTopology } from "./topology.ts";

/** Settings of a room to make; with invitations, by the hashes of their secrets, it is one of the `invite` mode. */
export interface NewRoom
  extends Pick<RoomRecord, "metadata" | "region" | "maxParticipants" | "topology" | "persistent"> {
  readonly invitations?: Readonly<Record<InvitationRole, string>>;
}

function recordOf(room: RoomContext): RoomRecord {
  const record = room.record.get();
  if (!record) throw new TandemError("no-such-room");
  return record;
}

export function detail(room: RoomContext): RoomDetail {
  const record = recordOf(room);
  const detail: RoomDetail = {
    id: room.id,
    maxParticipants: record.maxParticipants,
    topology: room.life.get()?.topology ?? decideTopology(record.topology, []),
    participants: room.members.count,
    persistent: record.persistent,
    createdAt: record.createdAt,
    expiresAt: record.expiresAt ?? null,
  };
  if (record.metadata !== undefined) detail.metadata = record.metadata;
  return detail;
}

export function create(room: RoomContext, settings: NewRoom, now: number): RoomDetail {
  if (room.record.get()) throw new TandemError("room-exists");
  const { invitations, ...rest } = settings;
  room.turn(() => {
    createRecord(room, { ...rest, byInvitation: invitations !== undefined }, now);
    if (!invitations) return;
    room.record.addInvitation(invitations.host, "host");
    room.record.addInvitation(invitations.guest, "guest");
  });
  return detail(room);
}

export function update(room: RoomContext, changes: RoomChanges, now: number): RoomDetail {
  recordOf(room);
  room.turn(() => updateRoom(room, changes, now));
  return detail(room);
}

export function close(room: RoomContext, now: number): true {
  recordOf(room);
  room.turn(() => closeRoom(room, now));
  return true;
}

export function participants(room: RoomContext): Participant[] {
  recordOf(room);
  return [...room.members.all()].map(viewOf);
}

export function remove(room: RoomContext, pid: string, now: number): true {
  recordOf(room);
  const member = room.members.get(pid);
  if (!member) throw new TandemError("no-such-participant", pid);
  room.turn(() => removeMember(room, member, now));
  return true;
}

/** A missing room and a wrong secret look alike from outside. */
export function redeem(room: RoomContext, hash: string): InvitationRole {
  const role = room.record.get() && room.record.invitation(hash);
  if (!role) throw new TandemError("invitation-invalid");
  return role;
}
