/**
 * Signaling sockets. The socket's attachment holds the connection's id and nothing else: it dies with the socket, so what
 * is known of a connection stands in SQLite.
 * @module
 */
import type { Settings } from "../settings.ts";
import type { Database } from "../storage/database.ts";
import type { Admission } from "./admission.ts";
import { type Bucket, createBucket } from "./limits.ts";

export interface Connection {
  readonly id: string;
  readonly socket: WebSocket;
  readonly since: number;
  /** What the Worker verified, until hello has used it. */
  admission: Admission | undefined;
  /** Whose it is, from hello on. */
  pid: string | undefined;
  readonly bucket: Bucket;
  /** When its last frame came, as far as this instance knows. */
  lastFrame: number;
}

/** A connection that the database knows and whose socket is gone, unseen: a deploy or a crash closed it. */
export interface Orphan {
  readonly id: string;
  readonly pid: string | undefined;
}

export interface Connections {
  readonly count: number;
  all(): Iterable<Connection>;
  /** The connection of a socket that the platform hands us; undefined once it is over. */
  of(socket: WebSocket): Connection | undefined;
  get(id: string): Connection | undefined;
  /** The live connection of a participant. */
  ofMember(pid: string): Connection | undefined;
  add(id: string, socket: WebSocket, admission: Admission, now: number): Connection;
  /** From now on it is this participant's. */
  bind(connection: Connection, pid: string): void;
  remove(id: string): void;
  /** Take what {@link Orphan} says. */
  takeOrphans(): Orphan[];
  drop(): void;
}

type ConnectionRow = { id: string; since: number; admission: string | null; pid: string | null };

export function createConnections(state: DurableObjectState, db: Database, settings: Settings): Connections {
  let byId: Map<string, Connection> | undefined;
  const byPid = new Map<string, Connection>();
  let orphans: Orphan[] = [];

  const make = (socket: WebSocket, row: ConnectionRow): Connection => ({
    id: row.id,
    socket,
    since: row.since,
    admission: row.admission === null ? undefined : JSON.parse(row.admission),
    pid: row.pid ?? undefined,
    bucket: createBucket(settings.messageRate, settings.messageBurst),
    lastFrame: 0,
  });

  const all = (): Map<string, Connection> => {
    if (byId) return byId;
    byId = new Map();
    byPid.clear();
    const sockets = new Map<unknown, WebSocket>();
    for (const socket of state.getWebSockets()) {
      // The list may hold sockets that are closing.
      if (socket.readyState === WebSocket.OPEN) sockets.set(socket.deserializeAttachment(), socket);
    }
    orphans = [];
    for (const row of db.rows<ConnectionRow>("SELECT id, since, admission, pid FROM connections")) {
      const socket = sockets.get(row.id);
      if (!socket) {
        orphans.push({ id: row.id, pid: row.pid ?? undefined });
        continue;
      }
      const connection = make(socket, row);
      byId.set(row.id, connection);
      if (connection.pid) byPid.set(connection.pid, connection);
    }
    return byId;
  };

  return {
    get count() {
      return all().size;
    },
    all: () => all().values(),
    of: socket => all().get(socket.deserializeAttachment()),
    get: id => all().get(id),
    ofMember(pid) {
      all();
      return byPid.get(pid);
    },
    add(id, socket, admission, now) {
      const row = { id, since: now, admission: JSON.stringify(admission), pid: null };
      db.write("INSERT INTO connections (id, since, admission) VALUES (?, ?, ?)", id, now, row.admission);
      const connection = make(socket, row);
      all().set(id, connection);
      return connection;
    },
    bind(connection, pid) {
      connection.pid = pid;
      connection.admission = undefined;
      byPid.set(pid, connection);
      db.write("UPDATE connections SET pid = ?, admission = NULL WHERE id = ?", pid, connection.id);
    },
    remove(id) {
      const connection = all().get(id);
      if (connection?.pid && byPid.get(connection.pid) === connection) byPid.delete(connection.pid);
      all().delete(id);
      db.write("DELETE FROM connections WHERE id = ?", id);
    },
    takeOrphans() {
      all();
      const taken = orphans;
      orphans = [];
      return taken;
    },
    drop() {
      byId = undefined;
      byPid.clear();
    },
  };
}
