/**
 * An object's SQLite, with what its in-memory copies need to know: whether the running turn has written.
 * @module
 */
import { isOpened, migrate } from "./migrate.ts";

export type Row = Record<string, SqlStorageValue>;

export interface Database {
  /** Whether there are tables at all. */
  readonly opened: boolean;
  /** Whether something was written since {@link settle}. */
  readonly dirty: boolean;
  /** Make or update the tables. */
  open(): void;
  rows<T extends Row>(query: string, ...bindings: SqlStorageValue[]): T[];
  write(query: string, ...bindings: SqlStorageValue[]): void;
  settle(): void;
  /** Drop everything, tables and alarm included. */
  clear(): Promise<void>;
}

/** Wrap `storage`; existing tables are migrated at once. Without tables every query finds nothing. */
export function createDatabase(storage: DurableObjectStorage, migrations: readonly string[]): Database {
  const { sql } = storage;
  let opened = isOpened(sql);
  let dirty = false;
  if (opened) migrate(storage, migrations);
  return {
    get opened() {
      return opened;
    },
    get dirty() {
      return dirty;
    },
    open() {
      if (opened) return;
      migrate(storage, migrations);
      opened = true;
    },
    rows(query, ...bindings) {
      return opened ? (sql.exec(query, ...bindings).toArray() as never) : [];
    },
    write(query, ...bindings) {
      dirty = true;
      sql.exec(query, ...bindings);
    },
    settle() {
      dirty = false;
    },
    async clear() {
      // deleteAll also drops the tables of this living instance and its alarm (2026-11).
      opened = false;
      await storage.deleteAll();
    },
  };
}
