/**
 * Call records: those that run, and the newest that have ended.
 * @module
 */
import type { Call, CallCause, CallEvent } from "../../protocol/telephony.ts";
import type { Database } from "../storage/database.ts";

export interface StoredCall {
  readonly id: string;
  readonly direction: "in" | "out";
  readonly trunk: string;
  readonly from: string;
  readonly to: string;
  readonly name: string | undefined;
  readonly node: string;
  /** What asked for it, where that may ask again. */
  readonly key: string | undefined;
  lastKey: string | undefined;
  state: string;
  /** PINs that were entered. */
  tries: number;
  rule: string | undefined;
  room: string | undefined;
  pid: string | undefined;
  cause: CallCause | undefined;
  readonly beganAt: number;
  answeredAt: number | undefined;
  endedAt: number | undefined;
  readonly events: CallEvent[];
}

/** Ended calls that are remembered, and for how long at most: they hold people's numbers. */
const KEPT = 1_000;
const KEPT_TIME = 30 * 24 * 3_600_000;
/** Events of one call: the first ones, and the last that ends it. */
const EVENTS = 64;

export interface Calls {
  get(id: string): StoredCall | undefined;
  byKey(key: string): StoredCall | undefined;
  add(call: StoredCall): void;
  save(call: StoredCall): void;
  /** Those of a node that run. */
  runningAt(node: string): StoredCall[];
  /** How many run on a trunk. */
  running(trunk: string): number;
  /** The newest first, those before `before` only. */
  page(running: boolean | undefined, before: string | undefined, limit: number): StoredCall[];
}

type Row = {
  id: string;
  key: string | null;
  last_key: string | null;
  direction: "in" | "out";
  trunk: string;
  caller: string;
  callee: string;
  name: string | null;
  node: string;
  state: string;
  tries: number;
  rule: string | null;
  room: string | null;
  pid: string | null;
  cause: string | null;
  began_at: number;
  answered_at: number | null;
  ended_at: number | null;
  events: string;
};

const fromRow = (row: Row): StoredCall => ({
  id: row.id,
  key: row.key ?? undefined,
  lastKey: row.last_key ?? undefined,
  direction: row.direction,
  trunk: row.trunk,
  from: row.caller,
  to: row.callee,
  name: row.name ?? undefined,
  node: row.node,
  state: row.state,
  tries: row.tries,
  rule: row.rule ?? undefined,
  room: row.room ?? undefined,
  pid: row.pid ?? undefined,
  cause: row.cause === null ? undefined : (JSON.parse(row.cause) as CallCause),
  beganAt: row.began_at,
  answeredAt: row.answered_at ?? undefined,
  endedAt: row.ended_at ?? undefined,
  events: JSON.parse(row.events) as CallEvent[],
});

/** Note a step of a call. Whoever can make many of them, fills no database. */
export function note(call: StoredCall, event: CallEvent): void {
  if (call.events.length >= EVENTS) call.events.pop();
  call.events.push(event);
}

export function createCalls(db: Database): Calls {
  const one = (where: string, value: string): StoredCall | undefined => {
    const [row] = db.rows<Row>(`SELECT * FROM calls WHERE ${where} = ?`, value);
    return row && fromRow(row);
  };
  return {
    get: id => one("id", id),
    byKey: key => one("key", key),
    add(call) {
      db.write(
        `INSERT INTO calls (id, key, direction, trunk, caller, callee, name, node, state, tries, began_at, events)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
        call.id,
        call.key ?? null,
        call.direction,
        call.trunk,
        call.from,
        call.to,
        call.name ?? null,
        call.node,
        call.state,
        call.beganAt,
        JSON.stringify(call.events),
      );
    },
    save(call) {
      db.write(
        `UPDATE calls SET last_key = ?, state = ?, tries = ?, rule = ?, room = ?, pid = ?, cause = ?, answered_at = ?,
         ended_at = ?, events = ? WHERE id = ?`,
        call.lastKey ?? null,
        call.state,
        call.tries,
        call.rule ?? null,
        call.room ?? null,
        call.pid ?? null,
        call.cause ? JSON.stringify(call.cause) : null,
        call.answeredAt ?? null,
        call.endedAt ?? null,
        JSON.stringify(call.events),
        call.id,
      );
      if (call.endedAt === undefined) return;
      db.write("DELETE FROM calls WHERE ended_at < ?", call.endedAt - KEPT_TIME);
      db.write(
        `DELETE FROM calls WHERE ended_at IS NOT NULL AND n <= (SELECT n FROM calls WHERE ended_at IS NOT NULL
         ORDER BY n DESC LIMIT 1 OFFSET ?)`,
        KEPT,
      );
    },
    runningAt: node =>
      db.rows<Row>("SELECT * FROM calls WHERE ended_at IS NULL AND node = ? ORDER BY n", node).map(fromRow),
    running(trunk) {
      const [row] = db.rows<{ count: number }>(
        "SELECT count(*) AS count FROM calls WHERE ended_at IS NULL AND trunk = ?",
        trunk,
      );
      return row?.count ?? 0;
    },
    page(running, before, limit) {
      const which = running === undefined ? "" : `AND ended_at IS ${running ? "" : "NOT "}NULL`;
      const since = before === undefined ? "" : "AND n < (SELECT n FROM calls WHERE id = ?)";
      return db
        .rows<Row>(
          `SELECT * FROM calls WHERE true ${which} ${since} ORDER BY n DESC LIMIT ?`,
          ...(before === undefined ? [] : [before]),
          limit,
        )
        .map(fromRow);
    },
  };
}

/** As the API tells it. */
export function callViewOf(call: StoredCall): Call {
  const { id, direction, trunk, from, to, state, node, beganAt, events } = call;
  const view: Call = { id, direction, trunk, from, to, state, node, beganAt, events };
  if (call.room !== undefined) view.room = call.room;
  if (call.pid !== undefined) view.pid = call.pid;
  if (call.rule !== undefined) view.rule = call.rule;
  if (call.cause !== undefined) view.cause = call.cause;
  if (call.answeredAt !== undefined) view.answeredAt = call.answeredAt;
  if (call.endedAt !== undefined) view.endedAt = call.endedAt;
  return view;
}
