/**
 * The fleet's tables: the nodes, and the rooms that wait for one.
 * @module
 */
export const FLEET_MIGRATIONS = [
  `
  CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    region TEXT NOT NULL,
    software TEXT NOT NULL,
    capacity INTEGER NOT NULL,
    addresses TEXT NOT NULL,
    load REAL NOT NULL,
    rooms INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    draining INTEGER NOT NULL,
    linked INTEGER NOT NULL,
    seen_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE waiting (room TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
  `,
  "ALTER TABLE nodes ADD COLUMN turn TEXT NOT NULL DEFAULT '[]';",
] as const;
