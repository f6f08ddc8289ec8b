/**
 * TURN identities that a node must refuse: kept until the node knows it and their credentials have expired, since a node that
 * restarts forgets. A node that could not be told keeps their relays going, at most for a day: for so long it is tried.
 * @module
 */
import { TIMES } from "../../protocol/limits.ts";
import type { Database } from "../storage/database.ts";

/** An identity, and until when its credentials could begin relays, in seconds since 1970. */
export interface Revocation {
  readonly identity: string;
  readonly until: number;
}

export interface Revocations {
  /** Keep them, and tell the node if it is there. */
  add(revocations: readonly Revocation[], now: number): void;
  /** The node has come: tell it all that still counts, the first of it now. */
  linked(now: number): void;
  /** Tell it again what it has not confirmed. */
  retry(): void;
}

/** Told again in one go: the next load report brings the next ones. */
const AT_ONCE = 200;

/**
 * The table of one node.
 * @param tell resolves to whether the node has taken it
 */
export function createRevocations(
  db: Database,
  tell: (revocation: Revocation) => Promise<boolean>,
  waitUntil: (work: Promise<void>) => void,
): Revocations {
  const underWay = new Set<string>();

  const attempt = async (revocation: Revocation): Promise<void> => {
    const { identity, until } = revocation;
    const key = `${identity} ${until}`;
    if (underWay.has(key)) return;
    underWay.add(key);
    try {
      if (await tell(revocation))
        db.write("UPDATE revocations SET told = 1 WHERE identity = ? AND until = ?", identity, until);
    } finally {
      underWay.delete(key);
    }
  };
  const attemptAll = (revocations: readonly Revocation[]): void => {
    for (const revocation of revocations) waitUntil(attempt(revocation));
  };
  const rows = (rest: string, ...bindings: number[]): Revocation[] =>
    db.rows<{ identity: string; until: number }>(`SELECT identity, until FROM revocations ${rest}`, ...bindings);
  const sweep = (now: number): void =>
    db.write(
      "DELETE FROM revocations WHERE (told = 1 AND until <= ?) OR until <= ?",
      now / 1_000,
      (now - TIMES.relayMax) / 1_000,
    );

  const retry = (): void => attemptAll(rows("WHERE told = 0 LIMIT ?", AT_ONCE));

  return {
    add(revocations, now) {
      db.open();
      sweep(now);
      for (const { identity, until } of revocations)
        db.write("INSERT OR REPLACE INTO revocations (identity, until, told) VALUES (?, ?, 0)", identity, until);
      attemptAll(revocations);
    },
    linked(now) {
      if (!db.opened) return;
      sweep(now);
      // It may be another process, which knows none of them.
      db.write("UPDATE revocations SET told = 0");
      retry();
    },
    retry,
  };
}
