/**
 * A room's tables. The *record* (record, invitations, removals, closing) outlives people; the rest belongs to one life.
 * @module
 */
export const ROOM_MIGRATIONS = [
  `
  CREATE TABLE record (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    created_at INTEGER NOT NULL,
    metadata TEXT,
    max_participants INTEGER NOT NULL,
    topology TEXT NOT NULL,
    persistent INTEGER NOT NULL,
    by_invitation INTEGER NOT NULL,
    expires_at INTEGER
  ) STRICT;
  CREATE TABLE invitations (hash TEXT PRIMARY KEY, role TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE removals (identity TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE closing (one INTEGER PRIMARY KEY CHECK (one = 1), at INTEGER NOT NULL) STRICT;

  CREATE TABLE life (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    next_number INTEGER NOT NULL,
    topology TEXT NOT NULL
  ) STRICT;
  CREATE TABLE participants (
    pid TEXT PRIMARY KEY,
    number INTEGER NOT NULL UNIQUE,
    identity TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    grants TEXT NOT NULL,
    joined_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    metadata TEXT,
    attributes TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE sources (
    number INTEGER PRIMARY KEY,
    pid TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT,
    muted INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX sources_by_pid ON sources (pid);
  CREATE TABLE connections (
    id TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    admission TEXT,
    pid TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    audience TEXT NOT NULL,
    pid TEXT,
    body TEXT NOT NULL
  ) STRICT;
  CREATE TABLE outcomes (
    pid TEXT NOT NULL,
    id INTEGER NOT NULL,
    frame TEXT NOT NULL,
    PRIMARY KEY (pid, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE chat (
    id INTEGER PRIMARY KEY,
    pid TEXT NOT NULL,
    identity TEXT NOT NULL,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE timers (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    due INTEGER NOT NULL,
    PRIMARY KEY (kind, subject)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  ALTER TABLE record ADD COLUMN region TEXT;
  ALTER TABLE life ADD COLUMN next_epoch INTEGER NOT NULL DEFAULT 1;
  CREATE TABLE assignment (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    node TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    lost INTEGER NOT NULL
  ) STRICT;
  `,
  `
  ALTER TABLE assignment ADD COLUMN turn TEXT NOT NULL DEFAULT '[]';
  CREATE TABLE relays (
    id TEXT NOT NULL,
    node TEXT NOT NULL,
    pid TEXT NOT NULL,
    identity TEXT NOT NULL,
    until INTEGER NOT NULL,
    PRIMARY KEY (id, node)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX relays_by_pid ON relays (pid, identity);
  `,
  `
  ALTER TABLE participants ADD COLUMN ice_etag TEXT;
  ALTER TABLE participants ADD COLUMN ice_remote TEXT;
  `,
] as const;

/** Tables that end with a life. (Connections end by themselves; one may be about to begin the next life.) */
export const LIFE_TABLES = ["life", "participants", "sources", "events", "outcomes", "chat", "assignment"] as const;
/** Tables of the record. */
export const RECORD_TABLES = ["record", "invitations"] as const;
