/**
 * Which rooms a node holds, as its object knows: what is compared with the node's own inventory. And where it relays.
 * @module
 */
import type { Assignment } from "../../protocol/link.ts";
import type { Database } from "../storage/database.ts";

export const NODE_MIGRATIONS = [
  `
  CREATE TABLE assignments (
    room TEXT PRIMARY KEY,
    life TEXT NOT NULL,
    epoch INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE turn (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    urls TEXT NOT NULL
  ) STRICT;
  CREATE TABLE revocations (
    identity TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    told INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
] as const;

export interface Assignments {
  put(assignment: Assignment): void;
  /** Forget it, if it is still this one. */
  remove(assignment: Assignment): void;
  has(assignment: Assignment): boolean;
  all(): Assignment[];
}

/** Where a node as a whole answers STUN and TURN: more than a socket's attachment should hold. */
export interface TurnUrls {
  put(urls: readonly string[]): void;
  get(): string[];
}

export function createTurnUrls(db: Database): TurnUrls {
  return {
    put(urls) {
      db.open();
      db.write("INSERT OR REPLACE INTO turn (one, urls) VALUES (1, ?)", JSON.stringify(urls));
    },
    get: () => JSON.parse(db.rows<{ urls: string }>("SELECT urls FROM turn")[0]?.urls ?? "[]") as string[],
  };
}

/** The table of one node. */
export function createAssignments(db: Database): Assignments {
  return {
    put({ room, life, epoch }) {
      db.open();
      db.write("INSERT OR REPLACE INTO assignments (room, life, epoch) VALUES (?, ?, ?)", room, life, epoch);
    },
    remove({ room, life, epoch }) {
      if (db.opened) db.write("DELETE FROM assignments WHERE room = ? AND life = ? AND epoch = ?", room, life, epoch);
    },
    has: ({ room, life, epoch }) =>
      db.rows("SELECT 1 FROM assignments WHERE room = ? AND life = ? AND epoch = ?", room, life, epoch).length > 0,
    all: () =>
      db.rows<{ room: string; life: string; epoch: number }>("SELECT room, life, epoch FROM assignments ORDER BY room"),
  };
}

/** Compare: what both sides hold stays, what only the object knows is lost. */
export function reconcile<T extends Assignment>(
  known: readonly Assignment[],
  inventory: readonly T[],
): { kept: T[]; lost: Assignment[] } {
  const held = new Map(inventory.map(item => [item.room, item]));
  const kept: T[] = [];
  const lost: Assignment[] = [];
  for (const assignment of known) {
    const item = held.get(assignment.room);
    if (item && item.life === assignment.life && item.epoch === assignment.epoch) kept.push(item);
    else lost.push(assignment);
  }
  return { kept, lost };
}
