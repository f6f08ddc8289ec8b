/**
 * Giving the room to a media node, taking it back, and moving it when its node fails. Calls to nodes take time, in which the
 * room goes on: whatever is decided after one looks at the room anew.
 * @module
 */
import type { Assignment } from "../../protocol/link.ts";
import { reasonOf } from "../log.ts";
import { fleetStub, nodeStub } from "../stubs.ts";
import type { RoomContext } from "./context.ts";
import { announceTopology, depart } from "./membership.ts";
import { nodeViewOf } from "./mirror.ts";
import { wantsNode } from "./topology.ts";

/** How long until a node that refused the room is asked again. */
const AGAIN = 1_000;
/** How long until a failed attempt to place the room is made again. Where there is no node, the fleet calls when one comes. */
const RETRY = 10_000;
/** How long a node goes on carrying a room that has gone back to mesh: people leave the old path when the new one works. */
const LINGER = 15_000;
/** Participants whose media is all there is of them: they have no connection that could offer again. */
const SESSION_ONLY: ReadonlySet<string> = new Set(["whip", "whep", "bot", "rtp", "hls", "rtmp", "phone"]);

const wanted = (room: RoomContext): boolean => {
  const record = room.record.get();
  return record !== undefined && wantsNode(record.topology, room.members.all());
};

/** The assignment that commands to the node name. */
export function whereOf(room: RoomContext): (Assignment & { node: string }) | undefined {
  const assignment = room.assignment.get();
  const life = room.life.get();
  if (!assignment || assignment.lost || !life) return undefined;
  return { node: assignment.node, room: room.id, life: life.id, epoch: assignment.epoch };
}

/**
 * Tell the node everything it must know of the room; it lets go of whoever is not named.
 * @returns where it relays for this room; undefined if it refused
 */
async function openRoom(
  room: RoomContext,
  node: string,
  where: Assignment,
  fresh: boolean,
): Promise<readonly string[] | undefined> {
  const { room: id, life, epoch } = where;
  const participants = [...room.members.all()].map(nodeViewOf);
  const mix = room.record.get()?.topology === "mcu";
  const command = { type: "room.open", room: id, life, epoch, participants, mix } as const;
  const stub = nodeStub(room.env, node);
  const reply = await (fresh ? stub.assign(command) : stub.execute(command));
  if ("value" in reply) return reply.value.turn ?? [];
  room.log.warn("node-refused", { node, code: reply.refusal.code });
  return undefined;
}

/** Nobody can carry the room now: say so. */
function unplaced(room: RoomContext, now: number): void {
  room.turn(() => {
    if (room.assignment.get()?.lost) room.assignment.remove();
    announceTopology(room, now);
  });
}

/** A node has come that may carry the room. */
export function nodeAvailable(room: RoomContext, now: number): void {
  if (room.assignment.get() || !wanted(room)) return;
  room.turn(() => room.timers.set("place", "", now));
}

/**
 * Find a node for the room; `failed` is one that has just failed it, `preferred` one that should take it. One search at a time: two
 * would outbid each other.
 */
export function place(room: RoomContext, failed: string, preferred?: string): Promise<void> {
  room.placing ??= search(room, failed, preferred).finally(() => {
    room.placing = undefined;
  });
  return room.placing;
}

async function search(room: RoomContext, failed: string, preferred?: string): Promise<void> {
  const before = room.assignment.get();
  const life = room.life.get();
  if (!life || (before && !before.lost) || !wanted(room)) return;
  try {
    const node = await fleetStub(room.env).place(
      room.id,
      room.record.get()?.region ?? "",
      failed === "" ? [] : [failed],
      preferred,
    );
    if (room.life.get()?.id !== life.id) return;
    if (node === null) return unplaced(room, Date.now());
    const epoch = room.turn(() => room.assignment.takeEpoch());
    const where = { room: room.id, life: life.id, epoch };
    const turn = await openRoom(room, node, where, true);
    const current = room.assignment.get();
    if (room.life.get()?.id !== life.id || (current && !current.lost) || !wanted(room)) {
      return void (await nodeStub(room.env, node).release(where));
    }
    const now = Date.now();
    if (!turn) {
      room.turn(() => room.timers.set("place", node, now + (failed === "" ? 0 : AGAIN)));
      return;
    }
    room.turn(() => {
      room.assignment.put({ node, epoch, lost: false, turn });
      room.log.info("room-placed", { node, epoch });
      announceTopology(room, now);
    });
    // Whoever came or changed while the node opened the room.
    await openRoom(room, node, where, false);
  } catch (error) {
    room.log.error("placing-failed", { reason: reasonOf(error) });
    if (room.life.get()?.id !== life.id) return;
    unplaced(room, Date.now());
    room.turn(() => room.timers.set("place", "", Date.now() + RETRY));
  }
}

/** Take the room from its node, now that it needs none. People are told first; the node goes on for a while. */
export function settle(room: RoomContext, now: number): void {
  const where = whereOf(room);
  if (!where || (wanted(room) && room.members.count > 0)) return;
  room.assignment.remove();
  room.timers.set("release", JSON.stringify(where), now + (room.members.count > 0 ? LINGER : 0));
  room.log.info("room-unplaced", { node: where.node, epoch: where.epoch });
  announceTopology(room, now);
}

/** Tell the room's node how the room is now. One that can't hear it is told when it is back. */
export async function retell(room: RoomContext): Promise<void> {
  const where = whereOf(room);
  if (where) await openRoom(room, where.node, where, false);
}

/** The node may let go of the room; `subject` says which node and assignment. */
export async function release(room: RoomContext, subject: string): Promise<void> {
  const { node, ...where } = JSON.parse(subject) as Assignment & { node: string };
  await nodeStub(room.env, node).release(where);
}

/** The room's node has failed: find another. People stay where they are until there is one. */
export function move(room: RoomContext, now: number): void {
  const where = whereOf(room);
  if (!where) return;
  room.log.warn("node-failed", { node: where.node, epoch: where.epoch });
  room.turn(() => {
    room.assignment.put({ node: where.node, epoch: where.epoch, lost: true, turn: [] });
    for (const member of [...room.members.all()])
      if (SESSION_ONLY.has(member.kind)) depart(room, member, "vanished", now);
    room.timers.set("release", JSON.stringify(where), now);
    room.timers.set("place", where.node, now);
  });
}

/** Whether what a node says concerns the room's current assignment. */
function concerns(room: RoomContext, { node, life, epoch }: NodeWord): boolean {
  const where = whereOf(room);
  return where?.node === node && where.life === life && where.epoch === epoch;
}

/** Which assignment a node speaks of. */
export interface NodeWord {
  readonly node: string;
  readonly life: string;
  readonly epoch: number;
}

/** The node no longer carries the room. */
export function nodeLost(room: RoomContext, word: NodeWord, now: number): void {
  if (concerns(room, word)) move(room, now);
}

/** The node's link is back; `sessions` are those it holds. Whatever was said meanwhile is said again. */
export async function nodeBack(
  room: RoomContext,
  word: NodeWord,
  sessions: readonly string[],
  now: number,
): Promise<void> {
  const where = whereOf(room);
  if (!where || !concerns(room, word)) {
    await nodeStub(room.env, word.node).release({ room: room.id, life: word.life, epoch: word.epoch });
    return;
  }
  const gone = [...room.members.all()].filter(({ kind, pid }) => SESSION_ONLY.has(kind) && !sessions.includes(pid));
  if (gone.length > 0) {
    room.turn(() => {
      for (const member of gone) depart(room, member, "vanished", now);
    });
  }
  const turn = await openRoom(room, where.node, where, false);
  // It may have come back under other addresses.
  const assignment = room.assignment.get();
  if (turn && assignment && concerns(room, word)) room.turn(() => room.assignment.put({ ...assignment, turn }));
}
