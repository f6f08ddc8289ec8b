/**
 * The media nodes that speak SIP, as telephony knows them.
 * @module
 */
import type { Database } from "../storage/database.ts";

export interface SipNode {
  readonly id: string;
  readonly draining: boolean;
  /** When its link came up last. */
  readonly linkedAt: number;
  /** When it was lost; undefined while it stands. */
  readonly goneAt: number | undefined;
}

export interface SipNodes {
  get(id: string): SipNode | undefined;
  all(): SipNode[];
  put(node: SipNode): void;
  remove(id: string): void;
}

type Row = { id: string; draining: number; linked_at: number; gone_at: number | null };

export function createSipNodes(db: Database): SipNodes {
  const nodes: SipNodes = {
    get: id => nodes.all().find(node => node.id === id),
    all: () =>
      db.rows<Row>("SELECT id, draining, linked_at, gone_at FROM nodes ORDER BY id").map(row => ({
        id: row.id,
        draining: row.draining === 1,
        linkedAt: row.linked_at,
        goneAt: row.gone_at ?? undefined,
      })),
    put({ id, draining, linkedAt, goneAt }) {
      db.write(
        "INSERT OR REPLACE INTO nodes (id, draining, linked_at, gone_at) VALUES (?, ?, ?, ?)",
        id,
        draining ? 1 : 0,
        linkedAt,
        goneAt ?? null,
      );
    },
    remove(id) {
      db.write("DELETE FROM nodes WHERE id = ?", id);
    },
  };
  return nodes;
}
