/**
 * The tables of telephony. Passwords stand there sealed, PINs as a keyed hash.
 * @module
 */
export const TELEPHONY_MIGRATIONS = [
  `
  CREATE TABLE trunks (
    id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    secrets TEXT NOT NULL,
    lease INTEGER NOT NULL,
    node TEXT,
    state TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE rules (
    id TEXT PRIMARY KEY,
    settings TEXT NOT NULL,
    pin TEXT,
    pin_digits INTEGER,
    created_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    draining INTEGER NOT NULL,
    linked_at INTEGER NOT NULL,
    gone_at INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE calls (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key TEXT UNIQUE,
    last_key TEXT,
    direction TEXT NOT NULL,
    trunk TEXT NOT NULL,
    caller TEXT NOT NULL,
    callee TEXT NOT NULL,
    name TEXT,
    node TEXT NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    rule TEXT,
    room TEXT,
    pid TEXT,
    cause TEXT,
    began_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    events TEXT NOT NULL
  ) STRICT;
  CREATE INDEX calls_by_end ON calls (ended_at, trunk);
  CREATE TABLE wrong_pins (caller TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
  CREATE INDEX wrong_pins_by_time ON wrong_pins (at);
  `,
] as const;
