/**
 * Which media node carries the room, if one does. Every assignment has an epoch of its own, so that a node, a client and the
 * room always mean the same one.
 * @module
 */
import type { Database } from "../storage/database.ts";

export interface RoomAssignment {
  readonly node: string;
  readonly epoch: number;
  /** The node is known to have failed; another is being looked for, and people are still told of this one. */
  readonly lost: boolean;
  /** STUN and TURN URLs of that node, those of the media worker that holds the room first. */
  readonly turn: readonly string[];
}

export interface AssignmentStore {
  get(): RoomAssignment | undefined;
  put(assignment: RoomAssignment): void;
  remove(): void;
  /** An epoch that this life had not before. */
  takeEpoch(): number;
  drop(): void;
}

export function createAssignmentStore(db: Database): AssignmentStore {
  // null: known to be none.
  let cached: RoomAssignment | null | undefined;
  return {
    get() {
      if (cached === undefined) {
        const [row] = db.rows<{ node: string; epoch: number; lost: number; turn: string }>(
          "SELECT node, epoch, lost, turn FROM assignment",
        );
        cached = row
          ? { node: row.node, epoch: row.epoch, lost: row.lost === 1, turn: JSON.parse(row.turn) as string[] }
          : null;
      }
      return cached ?? undefined;
    },
    put(assignment) {
      cached = assignment;
      db.write(
        "INSERT OR REPLACE INTO assignment (one, node, epoch, lost, turn) VALUES (1, ?, ?, ?, ?)",
        assignment.node,
        assignment.epoch,
        assignment.lost ? 1 : 0,
        JSON.stringify(assignment.turn),
      );
    },
    remove() {
      cached = null;
      db.write("DELETE FROM assignment");
    },
    takeEpoch() {
      const [row] = db.rows<{ next_epoch: number }>("SELECT next_epoch FROM life");
      if (!row) throw new Error("no life to take an epoch in");
      db.write("UPDATE life SET next_epoch = next_epoch + 1");
      return row.next_epoch;
    },
    drop() {
      cached = undefined;
    },
  };
}
