/**
 * Dispatch rules: which room a call is for.
 * @module
 */
import * as v from "valibot";
import { TandemError } from "../../protocol/errors.ts";
import {
  CreateDispatchRule,
  type DispatchRule,
  fitsNumber,
  type UpdateDispatchRule,
} from "../../protocol/telephony.ts";
import type { Database } from "../storage/database.ts";
import { randomId } from "../tokens/random.ts";
import type { Vault } from "./vault.ts";

export interface StoredRule extends Omit<CreateDispatchRule, "pin"> {
  readonly id: string;
  /** Hash of its PIN. */
  readonly pin: string | undefined;
  readonly pinDigits: number | undefined;
  readonly createdAt: number;
}

export interface Rules {
  all(): StoredRule[];
  put(rule: StoredRule): void;
  /** Whether there was one. */
  remove(id: string): boolean;
}

type Row = { id: string; settings: string; pin: string | null; pin_digits: number | null; created_at: number };

export const createRules = (db: Database): Rules => ({
  all: () =>
    db.rows<Row>("SELECT * FROM rules ORDER BY created_at, id").map(row => ({
      ...(JSON.parse(row.settings) as Omit<CreateDispatchRule, "pin">),
      id: row.id,
      pin: row.pin ?? undefined,
      pinDigits: row.pin_digits ?? undefined,
      createdAt: row.created_at,
    })),
  put({ id, pin, pinDigits, createdAt, ...settings }) {
    db.write(
      "INSERT OR REPLACE INTO rules (id, settings, pin, pin_digits, created_at) VALUES (?, ?, ?, ?, ?)",
      id,
      JSON.stringify(settings),
      pin ?? null,
      pinDigits ?? null,
      createdAt,
    );
  },
  remove(id) {
    const known = db.rows("SELECT 1 FROM rules WHERE id = ?", id).length > 0;
    if (known) db.write("DELETE FROM rules WHERE id = ?", id);
    return known;
  },
});

export function ruleOf(vault: Vault, { pin, ...settings }: CreateDispatchRule, now: number): StoredRule {
  return {
    ...settings,
    id: `r_${randomId(9)}`,
    pin: pin && vault.hash(pin),
    pinDigits: pin?.length,
    createdAt: now,
  };
}

/** A rule with other settings. @throws TandemError `bad-request` where they don't go together */
export function changedRule(vault: Vault, rule: StoredRule, { pin, ...changes }: UpdateDispatchRule): StoredRule {
  const { id, pin: hash, pinDigits, createdAt, ...before } = rule;
  const wish: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) delete wish[name];
    else if (value !== undefined) wish[name] = value;
  }
  const parsed = v.safeParse(CreateDispatchRule, wish);
  if (!parsed.success) throw new TandemError("bad-request", parsed.issues[0].message);
  const { pin: _, ...settings } = parsed.output;
  if (pin === undefined) return { ...settings, id, pin: hash, pinDigits, createdAt };
  return { ...settings, id, pin: pin === null ? undefined : vault.hash(pin), pinDigits: pin?.length, createdAt };
}

/** As the API tells it. */
export const ruleViewOf = ({ pin, pinDigits: _, ...rule }: StoredRule): DispatchRule => ({
  ...rule,
  hasPin: pin !== undefined,
});

/** A call, as rules look at it. */
export interface Caller {
  readonly trunk: string;
  /** Empty for who hides it. */
  readonly from: string;
  readonly to: string;
}

/** How closely a rule names the called number: 0 not at all, longer beginnings more, the whole number most. */
function closeness({ numbers }: StoredRule, to: string): number {
  if (!numbers) return 0;
  const fitting = numbers.filter(pattern => fitsNumber(to, [pattern]));
  return Math.max(...fitting.map(pattern => (pattern.endsWith("*") ? pattern.length : 1_000)));
}

/**
 * The rules for a call: those that name its number most closely. One without a PIN counts alone, the oldest first; else the
 * caller's PIN chooses.
 */
export function rulesFor(rules: readonly StoredRule[], { trunk, from, to }: Caller): StoredRule[] {
  const fitting = rules.filter(
    ({ trunks, numbers, callers }) =>
      (!trunks || trunks.includes(trunk)) &&
      (!numbers || fitsNumber(to, numbers)) &&
      (!callers || (from !== "" && fitsNumber(from, callers))),
  );
  const closest = Math.max(...fitting.map(rule => closeness(rule, to)));
  const best = fitting.filter(rule => closeness(rule, to) === closest);
  const free = best.find(({ pin }) => pin === undefined);
  return free ? [free] : best;
}

/** The room of a call, by its rule. A caller who hides its number, or has one that a name can't hold, gets a room of its own each time. */
export function roomFor({ room, roomPrefix = "", hideNumber }: StoredRule, from: string, hashed: string): string {
  if (room !== undefined) return room;
  const name = hideNumber ? hashed.toLowerCase() : from.toLowerCase();
  const own = name.replaceAll(/[^a-z0-9]/g, "").slice(0, 24);
  return `${roomPrefix}-${own === "" ? randomId(9).toLowerCase().replaceAll("_", "-") : own}`;
}
