/**
 * Everything that shall happen later. A Durable Object has one alarm, and `setTimeout` would forbid hibernation: so the
 * alarm stands at the earliest row of a table.
 * @module
 */
import type { Database } from "../storage/database.ts";

/**
 * `hello` (connection id): it has not introduced itself. `grace` (pid): it lost its connection. `silent` (pid): a peer
 * hears nothing of it. `sweep`: look for dead sockets. `report`: tell the directory. `forget`: end the life. `expire`: end
 * the record. `place` (the node that failed, or none): find a media node. `settle`: take the room from its node, if it still
 * needs none. `release` (which assignment): tell a node so. `retell`: tell the node how the room is now. `revoke`: end the
 * relays of who went.
 */
export type TimerKind =
  | "hello"
  | "grace"
  | "silent"
  | "sweep"
  | "report"
  | "forget"
  | "expire"
  | "place"
  | "settle"
  | "release"
  | "retell"
  | "revoke";

export interface Timer {
  readonly kind: TimerKind;
  readonly subject: string;
}

export interface Timers {
  /** Set, or move, a timer. */
  set(kind: TimerKind, subject: string, due: number): void;
  /** Set it unless it is set already. */
  ensure(kind: TimerKind, subject: string, due: number): void;
  has(kind: TimerKind, subject: string): boolean;
  clear(kind: TimerKind, subject: string): void;
  clearAll(kind: TimerKind): void;
  /** The timers that are due, the oldest first. */
  due(now: number): Timer[];
  /** Put the alarm where it belongs, if a timer was changed since (or `always`: the alarm has just run). */
  arm(always?: boolean): void;
  /** Forget what is held in memory. */
  drop(): void;
}

const keyOf = (kind: TimerKind, subject: string): string => `${kind} ${subject}`;

type TimerRow = { kind: TimerKind; subject: string; due: number };

/** The timers of one object. */
export function createTimers(db: Database, storage: DurableObjectStorage): Timers {
  let loaded: Map<string, TimerRow> | undefined;
  let moved = false;

  const all = (): Map<string, TimerRow> => {
    loaded ??= new Map(
      db.rows<TimerRow>("SELECT kind, subject, due FROM timers").map(row => [keyOf(row.kind, row.subject), row]),
    );
    return loaded;
  };
  const remove = (row: TimerRow): void => {
    all().delete(keyOf(row.kind, row.subject));
    db.write("DELETE FROM timers WHERE kind = ? AND subject = ?", row.kind, row.subject);
    moved = true;
  };

  const timers: Timers = {
    set(kind, subject, due) {
      all().set(keyOf(kind, subject), { kind, subject, due });
      db.write("INSERT OR REPLACE INTO timers (kind, subject, due) VALUES (?, ?, ?)", kind, subject, due);
      moved = true;
    },
    ensure(kind, subject, due) {
      if (!timers.has(kind, subject)) timers.set(kind, subject, due);
    },
    has: (kind, subject) => all().has(keyOf(kind, subject)),
    clear(kind, subject) {
      const row = all().get(keyOf(kind, subject));
      if (row) remove(row);
    },
    clearAll(kind) {
      for (const row of [...all().values()]) if (row.kind === kind) remove(row);
    },
    due: now => [...all().values()].filter(row => row.due <= now).sort((a, b) => a.due - b.due),
    arm(always = false) {
      if (!moved && !always) return;
      moved = false;
      let earliest = Number.POSITIVE_INFINITY;
      for (const row of all().values()) earliest = Math.min(earliest, row.due);
      // Both join the write that the turn commits; replies wait for it, so nobody needs to await them.
      if (earliest < Number.POSITIVE_INFINITY) void storage.setAlarm(earliest);
      else void storage.deleteAlarm();
    },
    drop() {
      loaded = undefined;
    },
  };
  return timers;
}
