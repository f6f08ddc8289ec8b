/**
 * Events: stored, numbered, told to everybody who may know, and told again to whoever returns.
 * @module
 */
import type { RoomEvent } from "../../protocol/events.ts";
import { LIMITS } from "../../protocol/limits.ts";
import type { Database } from "../storage/database.ts";
import type { Connections } from "./connections.ts";
import type { Member, Members } from "./members.ts";
import type { Outbox } from "./outbox.ts";

type WithoutStamp<E> = E extends unknown ? Omit<E, "seq" | "at"> : never;
/** An event as its cause writes it. */
export type NewEvent = WithoutStamp<RoomEvent>;

type Audience = "all" | "chat" | "moderators";

export interface Events {
  /** Number of the newest event of this life. */
  readonly seq: number;
  /** Store an event about `subject`, and tell it when the turn's writes stand. */
  append(event: NewEvent, subject: Member | undefined, now: number): void;
  /** What `viewer` missed after `seq`, as JSON texts; undefined if that can't be told any more. */
  since(seq: number, viewer: Member): string[] | undefined;
  drop(): void;
}

/** Rows beyond the ring that may stay until the next tidying: a deletion with every event would double the writes. */
const SLACK = 100;

/** Whether an event of that audience, about the participant `pid`, is for `viewer`. */
function isFor(viewer: Member, audience: Audience, pid: string | null): boolean {
  if (audience === "chat") return viewer.grants.chat === true;
  return audience === "all" || viewer.grants.moderate === true || viewer.pid === pid;
}

function audienceOf(event: NewEvent, subject: Member | undefined): Audience {
  if (event.type === "chat.message") return "chat";
  return subject?.grants.hidden ? "moderators" : "all";
}

export function createEvents(db: Database, members: Members, connections: Connections, outbox: Outbox): Events {
  let newest: number | undefined;
  const current = (): number => {
    newest ??= db.rows<{ seq: number }>("SELECT coalesce(max(seq), 0) AS seq FROM events")[0]?.seq ?? 0;
    return newest;
  };

  return {
    get seq() {
      return current();
    },
    append(event, subject, now) {
      const seq = current() + 1;
      newest = seq;
      const { type, ...fields } = event;
      const body = JSON.stringify({ type, seq, at: now, ...fields });
      const audience = audienceOf(event, subject);
      const pid = subject?.pid ?? null;
      db.write("INSERT INTO events (seq, audience, pid, body) VALUES (?, ?, ?, ?)", seq, audience, pid, body);
      if (seq % SLACK === 0) db.write("DELETE FROM events WHERE seq <= ?", seq - LIMITS.replayEvents);
      const sockets: WebSocket[] = [];
      for (const connection of connections.all()) {
        const viewer = connection.pid && members.get(connection.pid);
        if (viewer && isFor(viewer, audience, pid)) sockets.push(connection.socket);
      }
      outbox.send(sockets, body);
    },
    since(seq, viewer) {
      if (seq > current()) return undefined;
      const [oldest] = db.rows<{ seq: number | null }>("SELECT min(seq) AS seq FROM events");
      if (seq < current() && (oldest?.seq ?? 0) > seq + 1) return undefined;
      return db
        .rows<{ audience: Audience; pid: string | null; body: string }>(
          "SELECT audience, pid, body FROM events WHERE seq > ? ORDER BY seq",
          seq,
        )
        .filter(row => isFor(viewer, row.audience, row.pid))
        .map(row => row.body);
    },
    drop() {
      newest = undefined;
    },
  };
}
