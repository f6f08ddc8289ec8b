/**
 * Trunks as they are stored, and what is told of them.
 * @module
 */
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import { CreateTrunk, type Trunk, type UpdateTrunk } from "../../protocol/telephony.ts";
import type { NodeTrunk } from "../../protocol/telephony-link.ts";
import type { Database } from "../storage/database.ts";
import type { Vault } from "./vault.ts";

/** A trunk's settings, its passwords left out. */
type Settings = Omit<CreateTrunk, "credentials" | "accept" | "id"> & {
  readonly credentials?: { readonly username: string; readonly realm?: string };
  readonly accept: { readonly addresses: string[]; readonly credentials?: { readonly username: string } };
};
/** Passwords: of ours, and of who calls in. */
interface Passwords {
  readonly own?: string;
  readonly callers?: string;
}

export interface StoredTrunk {
  readonly id: string;
  readonly settings: Settings;
  /** {@link Passwords}, sealed. */
  readonly secrets: string;
  /** Counts the times that it was given to a node. */
  readonly lease: number;
  /** The node that holds it. */
  readonly node: string | undefined;
  readonly state: string;
  readonly reason: string | undefined;
  readonly createdAt: number;
}

export interface Trunks {
  get(id: string): StoredTrunk | undefined;
  all(): StoredTrunk[];
  put(trunk: StoredTrunk): void;
  remove(id: string): void;
}

type Row = {
  id: string;
  settings: string;
  secrets: string;
  lease: number;
  node: string | null;
  state: string;
  reason: string | null;
  created_at: number;
};

const fromRow = (row: Row): StoredTrunk => ({
  id: row.id,
  settings: JSON.parse(row.settings) as Settings,
  secrets: row.secrets,
  lease: row.lease,
  node: row.node ?? undefined,
  state: row.state,
  reason: row.reason ?? undefined,
  createdAt: row.created_at,
});

export const createTrunks = (db: Database): Trunks => ({
  get(id) {
    const [row] = db.rows<Row>("SELECT * FROM trunks WHERE id = ?", id);
    return row && fromRow(row);
  },
  all: () => db.rows<Row>("SELECT * FROM trunks ORDER BY id").map(fromRow),
  put(trunk) {
    db.write(
      `INSERT OR REPLACE INTO trunks (id, settings, secrets, lease, node, state, reason, created_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
      trunk.id,
      JSON.stringify(trunk.settings),
      trunk.secrets,
      trunk.lease,
      trunk.node ?? null,
      trunk.state,
      trunk.reason ?? null,
      trunk.createdAt,
    );
  },
  remove(id) {
    db.write("DELETE FROM trunks WHERE id = ?", id);
  },
});

/** Split what is asked for into what may be read and what is sealed. */
async function sealed(vault: Vault, trunk: CreateTrunk): Promise<Pick<StoredTrunk, "id" | "settings" | "secrets">> {
  const { id, credentials, accept, ...rest } = trunk;
  const passwords: Passwords = {
    ...(credentials && { own: credentials.password }),
    ...(accept.credentials && { callers: accept.credentials.password }),
  };
  const settings: Settings = {
    ...rest,
    ...(credentials && {
      credentials: {
        username: credentials.username,
        ...(credentials.realm !== undefined && { realm: credentials.realm }),
      },
    }),
    accept: {
      addresses: accept.addresses,
      ...(accept.credentials && { credentials: { username: accept.credentials.username } }),
    },
  };
  return { id, settings, secrets: await vault.seal(`trunk:${id}`, JSON.stringify(passwords)) };
}

/** A trunk with its passwords, as it was asked for. */
export async function opened(vault: Vault, { id, settings, secrets }: StoredTrunk): Promise<CreateTrunk> {
  const passwords = JSON.parse(await vault.open(`trunk:${id}`, secrets)) as Passwords;
  const { credentials, accept, ...rest } = settings;
  return {
    id,
    ...rest,
    ...(credentials && { credentials: { ...credentials, password: passwords.own ?? "" } }),
    accept: {
      addresses: accept.addresses,
      ...(accept.credentials && { credentials: { ...accept.credentials, password: passwords.callers ?? "" } }),
    },
  };
}

/** A trunk that no node holds yet. */
export async function madeOf(vault: Vault, wish: CreateTrunk, now: number): Promise<StoredTrunk> {
  const fresh = { lease: 0, node: undefined, state: "waiting", reason: undefined, createdAt: now };
  return { ...(await sealed(vault, wish)), ...fresh };
}

/** A trunk with other settings. @throws TandemError `bad-request` where they don't go together */
export async function changed(vault: Vault, trunk: StoredTrunk, changes: UpdateTrunk): Promise<StoredTrunk> {
  const before: Record<string, unknown> = { ...(await opened(vault, trunk)) };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete before[name];
    else if (value !== undefined) before[name] = value;
  }
  const parsed = v.safeParse(CreateTrunk, before);
  if (!parsed.success) throw new TandemError("bad-request", parsed.issues[0].message);
  return { ...trunk, ...(await sealed(vault, parsed.output)) };
}

/** As its node is given it. */
export async function nodeTrunkOf(vault: Vault, trunk: StoredTrunk): Promise<NodeTrunk> {
  const { id, name: _, node: __, allow: ___, ...rest } = await opened(vault, trunk);
  return { trunk: id, lease: trunk.lease, ...rest };
}

/** As the API tells it. */
export function viewOf({ id, settings, node, state, reason, createdAt }: StoredTrunk): Trunk {
  // One that was made before there were transfers, or video, says nothing of them.
  const { transfer = "off", video = false } = settings;
  return {
    id,
    ...settings,
    transfer,
    video,
    state,
    ...(reason !== undefined && { reason }),
    heldBy: node ?? null,
    createdAt,
  };
}

/** @throws TandemError `no-such-trunk` */
export function trunkOf(trunks: Trunks, id: string): StoredTrunk {
  const trunk = trunks.get(id);
  if (!trunk) throw new TandemError("no-such-trunk", id);
  return trunk;
}
