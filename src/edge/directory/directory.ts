/**
 * Which rooms exist. No binding can list live objects, so rooms tell; one shard holds a part of a jurisdiction's rooms.
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import { createDatabase, type Database } from "../storage/database.ts";

/** What a room tells of itself. */
export interface Entry {
  readonly id: string;
  readonly participants: number;
  readonly createdAt: number;
}

export const DIRECTORY_MIGRATIONS = [
  `CREATE TABLE rooms (
     id TEXT PRIMARY KEY,
     participants INTEGER NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
] as const;

export class Directory extends DurableObject<Cloudflare.Env> {
  readonly #db: Database;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#db = createDatabase(state.storage, DIRECTORY_MIGRATIONS);
  }

  /** List a room, or its newer state. */
  put({ id, participants, createdAt }: Entry): void {
    this.#db.open();
    this.#db.write(
      "INSERT OR REPLACE INTO rooms (id, participants, created_at) VALUES (?, ?, ?)",
      id,
      participants,
      createdAt,
    );
  }

  remove(id: string): void {
    if (this.#db.opened) this.#db.write("DELETE FROM rooms WHERE id = ?", id);
  }

  /** Up to `limit` rooms after the id `after`, in order of id. */
  list(after: string, limit: number): Entry[] {
    return this.#db
      .rows<{ id: string; participants: number; created_at: number }>(
        "SELECT id, participants, created_at FROM rooms WHERE id > ? ORDER BY id LIMIT ?",
        after,
        limit,
      )
      .map(row => ({ id: row.id, participants: row.participants, createdAt: row.created_at }));
  }
}
