/**
 * The room's record: settings and invitations, which outlive the people, and what must be remembered about those who may
 * not come back.
 * @module
 */
import { TIMES } from "../../protocol/limits.ts";
import type { Database } from "../storage/database.ts";
import type { TopologySetting } from "./topology.ts";

export interface RoomRecord {
  readonly createdAt: number;
  readonly metadata: string | undefined;
  /** Where its media should be carried. */
  readonly region: string | undefined;
  readonly maxParticipants: number;
  readonly topology: TopologySetting;
  readonly persistent: boolean;
  readonly byInvitation: boolean;
  /** When it goes, if nobody joins; undefined while people are in, and for persistent rooms. */
  readonly expiresAt: number | undefined;
}

export type InvitationRole = "host" | "guest";

export interface RecordStore {
  get(): RoomRecord | undefined;
  /** Write the record, new or changed. */
  put(record: RoomRecord): void;
  /** When a record that nobody is in expires. */
  expiry(record: Pick<RoomRecord, "persistent" | "byInvitation">, now: number): number | undefined;
  addInvitation(hash: string, role: InvitationRole): void;
  /** The role that an invitation, known by its hash, gives. */
  invitation(hash: string): InvitationRole | undefined;
  /** Void the tokens that were issued to `identity` until now. */
  ban(identity: string, now: number): void;
  /** When `identity` was removed, while that still counts. */
  bannedAt(identity: string, now: number): number | undefined;
  /** The room is closed: tokens issued until now can't make it anew. */
  markClosed(now: number): void;
  closedAt(): number | undefined;
  reopen(): void;
  drop(): void;
}

type RecordRow = {
  created_at: number;
  metadata: string | null;
  region: string | null;
  max_participants: number;
  topology: TopologySetting;
  persistent: number;
  by_invitation: number;
  expires_at: number | null;
};

const fromRow = (row: RecordRow): RoomRecord => ({
  createdAt: row.created_at,
  metadata: row.metadata ?? undefined,
  region: row.region ?? undefined,
  maxParticipants: row.max_participants,
  topology: row.topology,
  persistent: row.persistent === 1,
  byInvitation: row.by_invitation === 1,
  expiresAt: row.expires_at ?? undefined,
});

export function createRecordStore(db: Database): RecordStore {
  let cached: RoomRecord | undefined;
  return {
    get() {
      if (!cached) {
        const [row] = db.rows<RecordRow>("SELECT * FROM record");
        cached = row && fromRow(row);
      }
      return cached;
    },
    put(record) {
      cached = record;
      db.write(
        `INSERT OR REPLACE INTO record
           (one, created_at, metadata, max_participants, topology, persistent, by_invitation, expires_at, region)
         VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?)`,
        record.createdAt,
        record.metadata ?? null,
        record.maxParticipants,
        record.topology,
        record.persistent ? 1 : 0,
        record.byInvitation ? 1 : 0,
        record.expiresAt ?? null,
        record.region ?? null,
      );
    },
    expiry: ({ persistent, byInvitation }, now) =>
      persistent ? undefined : now + (byInvitation ? TIMES.inviteRecord : TIMES.record),
    addInvitation(hash, role) {
      db.write("INSERT INTO invitations (hash, role) VALUES (?, ?)", hash, role);
    },
    invitation: hash => db.rows<{ role: InvitationRole }>("SELECT role FROM invitations WHERE hash = ?", hash)[0]?.role,
    ban(identity, now) {
      db.write("DELETE FROM removals WHERE at <= ?", now - TIMES.removalBan);
      db.write("INSERT OR REPLACE INTO removals (identity, at) VALUES (?, ?)", identity, now);
    },
    bannedAt: (identity, now) =>
      db.rows<{ at: number }>(
        "SELECT at FROM removals WHERE identity = ? AND at > ?",
        identity,
        now - TIMES.removalBan,
      )[0]?.at,
    markClosed(now) {
      db.write("INSERT OR REPLACE INTO closing (one, at) VALUES (1, ?)", now);
    },
    closedAt: () => db.rows<{ at: number }>("SELECT at FROM closing")[0]?.at,
    reopen() {
      db.write("DELETE FROM closing");
    },
    drop() {
      cached = undefined;
    },
  };
}
