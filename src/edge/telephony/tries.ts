/**
 * Wrong PINs: counted for each caller, and in total, since a caller's number is what the caller says it is.
 * @module
 */
import type { Database } from "../storage/database.ts";

/** Wrong PINs of one call before it ends, */
export const TRIES = 3;
/** and in {@link WINDOW}: of one caller, and of all, before they are locked out. */
export const CALLER_TRIES = 6;
export const TOTAL_TRIES = 60;
export const WINDOW = 3_600_000;

export interface WrongPins {
  add(caller: string, now: number): void;
  /** Who is locked out now: nobody, this caller, or everybody. */
  locked(caller: string, now: number): "" | "caller" | "everybody";
}

export const createWrongPins = (db: Database): WrongPins => ({
  add(caller, now) {
    db.write("DELETE FROM wrong_pins WHERE at <= ?", now - WINDOW);
    db.write("INSERT INTO wrong_pins (caller, at) VALUES (?, ?)", caller, now);
  },
  locked(caller, now) {
    const [row] = db.rows<{ total: number; own: number }>(
      "SELECT count(*) AS total, coalesce(sum(caller = ?), 0) AS own FROM wrong_pins WHERE at > ?",
      caller,
      now - WINDOW,
    );
    if (!row) return "";
    if (row.own >= CALLER_TRIES) return "caller";
    return row.total >= TOTAL_TRIES ? "everybody" : "";
  },
});
