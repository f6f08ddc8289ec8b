/**
 * One life of a room: from its first join until it is forgotten. Everything that counts up belongs to it.
 * @module
 */
import type { Topology } from "../../protocol/model.ts";
import type { Database } from "../storage/database.ts";
import { randomId } from "../tokens/random.ts";
import { LIFE_TABLES } from "./schema.ts";

export interface Life {
  readonly id: string;
  readonly topology: Topology;
}

export interface LifeStore {
  get(): Life | undefined;
  begin(topology: Topology): Life;
  /** A participant number that nobody in this life had before. */
  takeNumber(): number;
  setTopology(topology: Topology): void;
  /** Delete all that belongs to it. */
  end(): void;
  drop(): void;
}

export function createLifeStore(db: Database): LifeStore {
  let cached: Life | undefined;
  return {
    get() {
      if (!cached) {
        const [row] = db.rows<{ id: string; topology: string }>("SELECT id, topology FROM life");
        cached = row && { id: row.id, topology: JSON.parse(row.topology) };
      }
      return cached;
    },
    begin(topology) {
      cached = { id: randomId(12), topology };
      db.write(
        "INSERT INTO life (one, id, next_number, topology) VALUES (1, ?, 1, ?)",
        cached.id,
        JSON.stringify(topology),
      );
      return cached;
    },
    takeNumber() {
      const [row] = db.rows<{ next_number: number }>("SELECT next_number FROM life");
      if (!row) throw new Error("no life to take a number in");
      db.write("UPDATE life SET next_number = next_number + 1");
      return row.next_number;
    },
    setTopology(topology) {
      if (cached) cached = { ...cached, topology };
      db.write("UPDATE life SET topology = ?", JSON.stringify(topology));
    },
    end() {
      for (const table of LIFE_TABLES) db.write(`DELETE FROM ${table}`);
      cached = undefined;
    },
    drop() {
      cached = undefined;
    },
  };
}
