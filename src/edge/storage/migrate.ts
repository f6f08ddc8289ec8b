/**
 * Numbered, additive migrations. Two versions of the code share a database while a deploy rolls out or is rolled back, so
 * a migration only adds tables, indexes and columns with a default, and old code ignores what newer code has added.
 * (`PRAGMA user_version` is refused in Durable Objects, 2026-11; hence a table.)
 * @module
 */

/** Whether anything was ever stored here. An object that was merely asked about keeps no tables. */
export const isOpened = (sql: SqlStorage): boolean =>
  sql.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '_schema'").toArray().length > 0;

/** Bring the database to the newest version that `migrations` know; `migrations[0]` leads to version 1. */
export function migrate(storage: DurableObjectStorage, migrations: readonly string[]): void {
  const { sql } = storage;
  storage.transactionSync(() => {
    sql.exec("CREATE TABLE IF NOT EXISTS _schema (version INTEGER PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT");
    const { version } = sql.exec<{ version: number }>("SELECT coalesce(max(version), 0) AS version FROM _schema").one();
    for (let next = version; next < migrations.length; next++) {
      sql.exec(migrations[next] as string);
      sql.exec("INSERT INTO _schema (version, applied_at) VALUES (?, ?)", next + 1, Date.now());
    }
  });
}
