/**
 * Who was given TURN credentials for which nodes: whoever goes must be refused there, and the relays end. So the table outlives
 * the participants, until the nodes' objects have taken note.
 * @module
 */
import { TIMES } from "../../protocol/limits.ts";
import { reasonOf } from "../log.ts";
import type { Database } from "../storage/database.ts";
import { nodeStub } from "../stubs.ts";
import { randomId } from "../tokens/random.ts";
import type { RoomContext } from "./context.ts";
import { changed } from "./membership.ts";

/** Whose credentials they are: a participant's, or somebody's who is about to join (no `pid` yet). */
export interface RelayUser {
  readonly pid: string | undefined;
  readonly identity: string;
}

export interface Relays {
  readonly any: boolean;
  /** The TURN identity of `user`: random, so that a relay's operator learns nothing by it. */
  idOf(user: RelayUser): string;
  /** The nodes that `user` was given. */
  nodesOf(user: RelayUser): string[];
  /** It is given credentials for these nodes that are good until `until`, in seconds since 1970. */
  note(user: RelayUser, id: string, nodes: readonly string[], until: number): void;
  /** Somebody with that identity has joined: what it was given before is this participant's. */
  adopt(user: RelayUser): void;
  /** A participant goes. */
  leave(pid: string, now: number): void;
  /** Everybody goes, those who have not come yet, too. */
  leaveAll(now: number): void;
  /** The turn stands: have the nodes refuse those who went. */
  flush(room: RoomContext): void;
  /** The turn fell. */
  discard(): void;
}

/** If nodes' objects can't be told, this is when to try again, in ms. */
const RETRY = 10_000;
/** From the making of credentials to the end of the last relay begun with them, in seconds, and as much again. */
const LONGEST = (2 * (TIMES.turnCredentials + TIMES.relayMax)) / 1_000;
/** In place of the participant, for those who never came. */
const NOBODY = "-";

type GoneRow = { node: string; id: string; until: number };

/** Those who were given something and are no participants any more. */
const GONE = "pid <> '' AND pid NOT IN (SELECT pid FROM participants)";

export function createRelays(db: Database, retryAt: (due: number) => void): Relays {
  let someoneWent = false;

  const rowsOf = ({ pid, identity }: RelayUser): { id: string; node: string }[] =>
    pid === undefined
      ? db.rows("SELECT id, node FROM relays WHERE pid = '' AND identity = ?", identity)
      : db.rows("SELECT id, node FROM relays WHERE pid = ?", pid);

  const went = (now: number): void => {
    someoneWent = true;
    retryAt(now + RETRY);
  };

  return {
    get any() {
      return db.rows("SELECT 1 FROM relays LIMIT 1").length > 0;
    },
    idOf: user => rowsOf(user)[0]?.id ?? randomId(12),
    nodesOf: user => rowsOf(user).map(({ node }) => node),
    note({ pid = "", identity }, id, nodes, until) {
      // Whoever never came had nothing that could still go on.
      if (pid === "") db.write("DELETE FROM relays WHERE pid = '' AND until < ?", until - LONGEST);
      for (const node of nodes) {
        db.write(
          "INSERT OR REPLACE INTO relays (id, node, pid, identity, until) VALUES (?, ?, ?, ?, ?)",
          id,
          node,
          pid,
          identity,
          until,
        );
      }
    },
    adopt({ pid = "", identity }) {
      db.write("UPDATE relays SET pid = ? WHERE pid = '' AND identity = ?", pid, identity);
    },
    leave(pid, now) {
      if (db.rows("SELECT 1 FROM relays WHERE pid = ? LIMIT 1", pid).length > 0) went(now);
    },
    leaveAll(now) {
      if (db.rows("SELECT 1 FROM relays LIMIT 1").length === 0) return;
      db.write("UPDATE relays SET pid = ? WHERE pid = ''", NOBODY);
      went(now);
    },
    flush(room) {
      if (!someoneWent) return;
      someoneWent = false;
      room.state.waitUntil(revokeGone(room));
    },
    discard() {
      someoneWent = false;
    },
  };
}

/** Have every node refuse those who are no participants any more. What fails is left to the timer. */
export async function revokeGone(room: RoomContext): Promise<void> {
  const gone = room.db.rows<GoneRow>(`SELECT node, id, until FROM relays WHERE ${GONE}`);
  const byNode = Map.groupBy(gone, ({ node }) => node);
  const outcomes = await Promise.allSettled(
    [...byNode].map(async ([node, rows]) => {
      await nodeStub(room.env, node).revoke(rows.map(({ id, until }) => ({ identity: id, until })));
      room.turn(() => {
        for (const { id } of rows) room.db.write("DELETE FROM relays WHERE id = ? AND node = ?", id, node);
      });
    }),
  );
  const failed = outcomes.find(outcome => outcome.status === "rejected");
  if (failed) room.log.warn("relays-not-revoked", { reason: reasonOf(failed.reason) });
  const now = Date.now();
  if (!room.db.opened) return;
  room.turn(() => {
    if (failed) room.timers.set("revoke", "", now + RETRY);
    else room.timers.clear("revoke", "");
    // All that is left of a room may have waited for this.
    if (!failed && !room.record.get()) changed(room, now);
  });
}
