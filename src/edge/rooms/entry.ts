/**
 * Who may connect, and the hello that makes a connection somebody's.
 * @module
 */
import type { Hello } from "../../protocol/commands.ts";
import { TandemError } from "../../protocol/errors.ts";
import type { Welcome } from "../../protocol/frames.ts";
import { LIMITS, TIMES } from "../../protocol/limits.ts";
import type { RoomState } from "../../protocol/model.ts";
import type { JoinClaims } from "../../protocol/tokens.ts";
import { secretOf } from "../settings.ts";
import { randomId } from "../tokens/random.ts";
import { mintResumeToken } from "../tokens/resume.ts";
import type { Admission } from "./admission.ts";
import type { Connection } from "./connections.ts";
import type { RoomContext } from "./context.ts";
import { serversFor } from "./ice.ts";
import { jsonOf, type Member, maySee, selfOf } from "./members.ts";
import { changed, dismiss, join, keepRecord, setState } from "./membership.ts";
import { pagesOf } from "./pages.ts";
import type { RoomRecord } from "./record.ts";

/** Optional abilities of this room, for clients to find out about; those of the first version go without saying. */
const FEATURES: readonly string[] = [];

export const ROOM_DEFAULTS = { maxParticipants: 100, topology: "auto", persistent: false } as const;

/** Check whether the bearer of `claims` may join. @throws TandemError */
export function checkJoin(room: RoomContext, claims: JoinClaims, record: RoomRecord | undefined, now: number): void {
  const issuedAt = claims.iat * 1_000;
  if (!record) {
    const closedAt = room.record.closedAt();
    if (closedAt !== undefined && issuedAt <= closedAt) throw new TandemError("room-closed");
    if (!claims.grants.create) throw new TandemError("no-such-room");
  }
  const bannedAt = room.record.bannedAt(claims.sub, now);
  if (bannedAt !== undefined && issuedAt <= bannedAt) throw new TandemError("removed");
  const capacity = record?.maxParticipants ?? ROOM_DEFAULTS.maxParticipants;
  if (room.members.count >= capacity && !room.members.byIdentity(claims.sub)) {
    throw new TandemError("room-full", `${capacity} participants`);
  }
}

/** Check whether somebody may carry on as that participant. @throws TandemError */
export function checkResume(room: RoomContext, life: string, pid: string): Member {
  if (room.record.closedAt() !== undefined && !room.record.get()) throw new TandemError("room-closed");
  const member = room.life.get()?.id === life ? room.members.get(pid) : undefined;
  if (!member) throw new TandemError("resume-refused");
  return member;
}

/** Check what the Worker can't know. @throws TandemError */
function checkAdmission(room: RoomContext, admission: Admission, now: number): void {
  if (admission.kind === "resume") checkResume(room, admission.life, admission.pid);
  else checkJoin(room, admission.claims, room.record.get(), now);
}

/** Make the room's record. */
export function createRecord(
  room: RoomContext,
  settings: Omit<RoomRecord, "createdAt" | "expiresAt">,
  now: number,
): void {
  room.db.open();
  room.record.reopen();
  room.record.put({ ...settings, createdAt: now, expiresAt: undefined });
  keepRecord(room, now);
  changed(room, now);
  room.log.info("room-created", { persistent: settings.persistent });
}

/** Make the room with default settings, if it is missing. */
export function ensureRecord(room: RoomContext, now: number): void {
  if (room.record.get()) return;
  createRecord(room, { ...ROOM_DEFAULTS, metadata: undefined, region: undefined, byInvitation: false }, now);
}

/**
 * Take a connection that the Worker has authenticated; a join token with the `create` grant makes a missing room.
 * @returns the client's end of the socket
 * @throws TandemError if it may not enter
 */
export function admit(room: RoomContext, admission: Admission, now: number): WebSocket {
  return room.turn(() => {
    checkAdmission(room, admission, now);
    ensureRecord(room, now);
    const { 0: client, 1: server } = new WebSocketPair();
    const id = randomId(9);
    room.state.acceptWebSocket(server);
    server.serializeAttachment(id);
    room.connections.add(id, server, admission, now);
    room.timers.set("hello", id, now + TIMES.hello);
    room.timers.ensure("sweep", "", now + TIMES.sweep);
    return client;
  });
}

/** The room as clients see it. */
export function roomState(
  room: RoomContext,
  record: RoomRecord,
  life: { id: string; topology: RoomState["topology"] },
) {
  const state: RoomState = {
    id: room.id,
    life: life.id,
    maxParticipants: record.maxParticipants,
    topology: life.topology,
  };
  if (record.metadata !== undefined) state.metadata = record.metadata;
  return state;
}

function snapshotPages(room: RoomContext, viewer: Member): string[] {
  const participants: string[] = [];
  for (const member of room.members.all()) {
    if (member !== viewer && maySee(viewer, member)) participants.push(jsonOf(member));
  }
  const chat = viewer.grants.chat ? room.chat.newest(LIMITS.snapshotChat).map(message => JSON.stringify(message)) : [];
  return pagesOf("snapshot", { participants, chat });
}

/** Take back a participant that the room still keeps. */
function resume(room: RoomContext, member: Member, now: number): void {
  const previous = room.connections.ofMember(member.pid);
  if (previous) dismiss(room, previous, "replaced");
  room.timers.clear("grace", member.pid);
  room.timers.clear("silent", member.pid);
  setState(room, member, "here", now);
}

/**
 * A connection's hello: it becomes a participant, new or returned, and learns what it has to know.
 * @throws TandemError if, meanwhile, it may not enter any more
 */
export function greet(room: RoomContext, connection: Connection, hello: Hello, now: number): void {
  room.turn(() => {
    const { admission } = connection;
    if (!admission) throw new TandemError("wrong-state", "hello was said");
    checkAdmission(room, admission, now);
    const resumed = admission.kind === "resume";
    let member: Member;
    if (resumed) {
      member = checkResume(room, admission.life, admission.pid);
      resume(room, member, now);
    } else {
      member = join(room, admission.claims, now);
    }
    room.timers.clear("hello", connection.id);
    const record = room.record.get();
    const life = room.life.get();
    if (!record || !life) throw new Error("a member without a room");
    // Bound after the events above: the pages hold them already.
    room.connections.bind(connection, member.pid);
    const welcome: Welcome = {
      type: "welcome",
      features: [...FEATURES],
      you: selfOf(member),
      room: roomState(room, record, life),
      resume: mintResumeToken(
        secretOf(room.env, "RESUME_SECRET"),
        { room: room.id, life: life.id, pid: member.pid },
        now,
      ),
      resumed,
      seq: room.events.seq,
      ...serversFor(room, member, admission.relays ?? [], now),
      ping: TIMES.ping,
      grace: TIMES.grace,
    };
    const missed = resumed && hello.resume?.life === life.id ? room.events.since(hello.resume.seq, member) : undefined;
    const pages = missed ? pagesOf("replay", { events: missed }) : snapshotPages(room, member);
    for (const text of [JSON.stringify(welcome), ...pages]) room.outbox.send([connection.socket], text);
  });
}
