/**
 * What became of each participant's last stateful commands: written with the command's own changes, so that one that is
 * sent again after a lost answer is answered and not applied again.
 * @module
 */
import { LIMITS } from "../../protocol/limits.ts";
import type { Database } from "../storage/database.ts";

export interface Outcomes {
  /** The answer that command `id` got; `forgotten` if it is too old to tell; undefined if it is new. */
  find(pid: string, id: number): string | "forgotten" | undefined;
  record(pid: string, id: number, answer: string): void;
  /** Delete a participant's. */
  clear(pid: string): void;
}

export function createOutcomes(db: Database): Outcomes {
  // The newest id of each participant, as far as this instance knows: a larger one is new, without a query. After a turn
  // that failed it may be too large, which only costs the query.
  const newest = new Map<string, number>();
  return {
    find(pid, id) {
      if (id > (newest.get(pid) ?? Number.POSITIVE_INFINITY)) return undefined;
      const [row] = db.rows<{ frame: string }>("SELECT frame FROM outcomes WHERE pid = ? AND id = ?", pid, id);
      if (row) return row.frame;
      const [kept] = db.rows<{ count: number; oldest: number | null }>(
        "SELECT count(*) AS count, min(id) AS oldest FROM outcomes WHERE pid = ?",
        pid,
      );
      return kept && kept.count >= LIMITS.unanswered && id < (kept.oldest ?? 0) ? "forgotten" : undefined;
    },
    record(pid, id, answer) {
      newest.set(pid, Math.max(id, newest.get(pid) ?? 0));
      db.write("INSERT INTO outcomes (pid, id, frame) VALUES (?, ?, ?)", pid, id, answer);
      db.write(
        `DELETE FROM outcomes WHERE pid = ? AND id <
           (SELECT id FROM outcomes WHERE pid = ? ORDER BY id DESC LIMIT 1 OFFSET ?)`,
        pid,
        pid,
        LIMITS.unanswered - 1,
      );
    },
    clear(pid) {
      newest.delete(pid);
      db.write("DELETE FROM outcomes WHERE pid = ?", pid);
    },
  };
}
