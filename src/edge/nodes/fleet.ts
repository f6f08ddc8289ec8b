/**
 * `Fleet`: which media nodes live, where they stand, how loaded they are, which drain. One object for the deployment.
 * @module
 */
import { DurableObject } from "cloudflare:workers";
import { createDatabase } from "../storage/database.ts";
import { roomStub } from "../stubs.ts";
import type { RelayNode } from "../turn/nearest.ts";
import { chooseNode } from "./choose.ts";
import { FLEET_MIGRATIONS } from "./fleet-schema.ts";

/** What a node says of itself. */
export interface NodeReport {
  readonly region: string;
  readonly software: string;
  readonly capacity: number;
  readonly addresses: readonly { readonly address: string; readonly port: number }[];
  /** STUN and TURN URLs. */
  readonly turn: readonly string[];
  readonly load: number;
  readonly rooms: number;
  readonly sessions: number;
  readonly draining: boolean;
}

export interface FleetNode extends NodeReport {
  readonly id: string;
  readonly linked: boolean;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
}

/** A node without a link for this long is forgotten. */
const FORGET = 24 * 3_600_000;
/** What a room adds to a node's load until the node has said its own figure: a burst of placements must spread. */
const EXPECTED_LOAD = 0.02;
/** Waiting rooms that one report of a node calls. */
const CALLED_AT_ONCE = 20;
/** Nodes that rooms choose relays from: of a larger fleet, the least loaded. */
const RELAYS = 100;

type NodeRow = {
  id: string;
  region: string;
  software: string;
  capacity: number;
  addresses: string;
  turn: string;
  load: number;
  rooms: number;
  sessions: number;
  draining: number;
  linked: number;
  seen_at: number;
};

export class Fleet extends DurableObject<Cloudflare.Env> {
  readonly #db;

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env);
    this.#db = createDatabase(ctx.storage, FLEET_MIGRATIONS);
  }

  /** A node has linked, or tells its load. Rooms that found no node are told that there is one. */
  async report(id: string, node: NodeReport): Promise<void> {
    this.#db.open();
    this.#db.write(
      `INSERT OR REPLACE INTO nodes
       (id, region, software, capacity, addresses, turn, load, rooms, sessions, draining, linked, seen_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)`,
      id,
      node.region,
      node.software,
      node.capacity,
      JSON.stringify(node.addresses),
      JSON.stringify(node.turn),
      node.load,
      node.rooms,
      node.sessions,
      Number(node.draining),
      Date.now(),
    );
    this.#db.write("DELETE FROM nodes WHERE linked = 0 AND seen_at < ?", Date.now() - FORGET);
    if (!node.draining) await this.#callWaiting();
  }

  /** A node's link is lost. */
  gone(id: string): void {
    if (this.#db.opened) this.#db.write("UPDATE nodes SET linked = 0 WHERE id = ?", id);
  }

  /**
   * The node that should take a room, or null while none is live: then the room is called when one comes. A preferred one that is
   * live takes it.
   */
  place(room: string, region: string, exclude: readonly string[], preferred?: string): string | null {
    this.#db.open();
    const nodes = this.list();
    const wanted = nodes.filter(({ id }) => id === preferred && !exclude.includes(id));
    const chosen = chooseNode(wanted, region, exclude) ?? chooseNode(nodes, region, exclude);
    if (!chosen) {
      this.#db.write("INSERT OR IGNORE INTO waiting (room) VALUES (?)", room);
      return null;
    }
    this.#db.write("UPDATE nodes SET load = min(1, load + ?) WHERE id = ?", EXPECTED_LOAD, chosen.id);
    return chosen.id;
  }

  /** Nodes that can relay for newcomers, the least loaded first. */
  relays(): RelayNode[] {
    return this.list()
      .filter(({ linked, draining, turn }) => linked && !draining && turn.length > 0)
      .sort((a, b) => a.load - b.load)
      .slice(0, RELAYS)
      .map(({ id, region, load, turn }) => ({ node: id, region, load, urls: turn }));
  }

  /** Call some of the rooms that wait; the next report calls more, so that a node coming up is not run over. */
  async #callWaiting(): Promise<void> {
    const rooms = this.#db.rows<{ room: string }>("SELECT room FROM waiting LIMIT ?", CALLED_AT_ONCE);
    for (const { room } of rooms) this.#db.write("DELETE FROM waiting WHERE room = ?", room);
    await Promise.allSettled(rooms.map(({ room }) => roomStub(this.env, room).nodeAvailable()));
  }

  /** Every node that is known, in order of id. */
  list(): FleetNode[] {
    return this.#db.rows<NodeRow>("SELECT * FROM nodes ORDER BY id").map(row => ({
      id: row.id,
      region: row.region,
      software: row.software,
      capacity: row.capacity,
      addresses: JSON.parse(row.addresses) as FleetNode["addresses"],
      turn: JSON.parse(row.turn) as FleetNode["turn"],
      load: row.load,
      rooms: row.rooms,
      sessions: row.sessions,
      draining: row.draining === 1,
      linked: row.linked === 1,
      seenAt: row.seen_at,
    }));
  }
}
