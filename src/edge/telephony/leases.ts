/**
 * Which node holds which trunk. One at a time: the newest lease counts, and a node that comes back is told what it no longer holds.
 * @module
 */
import type { TelephonyContext } from "./context.ts";
import type { SipNode } from "./nodes.ts";
import { nodeTrunkOf, type StoredTrunk } from "./trunks.ts";

/** How long a lost link may take to come back before another node gets the trunks: a deploy of the edge cuts all of them. */
const GRACE = 10_000;
/** After which its calls are taken for lost. */
const LOST = 300_000;

/** Give the trunk to a node as it is now; `fresh` begins a new lease. */
export async function give(
  telephony: TelephonyContext,
  trunk: StoredTrunk,
  node: string,
  fresh: boolean,
): Promise<void> {
  const { trunks, vault, log } = telephony;
  const lease = trunk.lease + (fresh ? 1 : 0);
  const given: StoredTrunk = { ...trunk, lease, node, state: "waiting", reason: undefined };
  trunks.put(given);
  const reply = await telephony.tell(node, { type: "trunk.put", trunk: await nodeTrunkOf(vault, given) });
  const current = trunks.get(trunk.id);
  if (current?.lease !== lease || current.node !== node || current.state !== "waiting") return;
  if ("value" in reply) {
    trunks.put({ ...current, state: "idle" });
    log.info("trunk-given", { trunk: trunk.id, node, lease });
  } else if (reply.refusal.code !== "no-media-node") {
    trunks.put({ ...current, state: "failed", reason: reply.refusal.detail ?? reply.refusal.code });
    log.warn("trunk-refused", { trunk: trunk.id, node, code: reply.refusal.code });
  }
}

/** Give every trunk that no usable node holds to one that is there, and take it from who should not have it. */
export async function settle(telephony: TelephonyContext, now: number): Promise<void> {
  const { trunks, nodes } = telephony;
  const known = nodes.all();
  const usable = known.filter(({ draining }) => !draining);
  const mayHold = ({ settings }: StoredTrunk, node: SipNode): boolean =>
    settings.node === undefined || settings.node === node.id;
  const load = new Map<string, number>();
  const all = trunks.all();
  for (const { node } of all) if (node !== undefined) load.set(node, (load.get(node) ?? 0) + 1);

  const work: Promise<unknown>[] = [];
  for (const trunk of all) {
    const holder = usable.find(({ id }) => id === trunk.node);
    if (holder && mayHold(trunk, holder) && (holder.goneAt === undefined || holder.goneAt > now - GRACE)) continue;
    const [next] = usable
      .filter(node => node.goneAt === undefined && node.id !== trunk.node && mayHold(trunk, node))
      .sort((a, b) => (load.get(a.id) ?? 0) - (load.get(b.id) ?? 0));
    const before = known.find(({ id }) => id === trunk.node);
    if (before && before.goneAt === undefined) work.push(letGo(telephony, before.id, trunk.id));
    if (next) {
      load.set(next.id, (load.get(next.id) ?? 0) + 1);
      work.push(give(telephony, trunk, next.id, true));
    } else if (trunk.node !== undefined) {
      trunks.put({ ...trunk, node: undefined, state: "waiting", reason: undefined });
    }
  }
  await Promise.all(work);
}

/** Have a node let go of a trunk. Its calls go on. */
export const letGo = (telephony: TelephonyContext, node: string, trunk: string) =>
  telephony.tell(node, { type: "trunk.remove", trunk });

/** A node that speaks SIP is there: it may have been restarted, or have missed something. */
export async function nodeLinked(
  telephony: TelephonyContext,
  id: string,
  draining: boolean,
  now: number,
): Promise<void> {
  const { db, nodes, trunks } = telephony;
  db.open();
  nodes.put({ id, draining, linkedAt: now, goneAt: undefined });
  await Promise.all(
    trunks.all().map(async trunk => {
      if (trunk.node === id && !draining) await give(telephony, trunk, id, false);
      else if (trunk.node !== id && trunk.lease > 0) await letGo(telephony, id, trunk.id);
    }),
  );
  await settle(telephony, now);
  await arm(telephony);
}

/** It drains, or no longer: one that drains gets no more calls. */
export async function nodeDraining(
  telephony: TelephonyContext,
  id: string,
  draining: boolean,
  now: number,
): Promise<void> {
  const node = telephony.nodes.get(id);
  if (!node || node.draining === draining) return;
  telephony.nodes.put({ ...node, draining });
  await settle(telephony, now);
}

/** Its link is lost. That ends nothing yet. */
export async function nodeGone(telephony: TelephonyContext, id: string, now: number): Promise<void> {
  const node = telephony.nodes.get(id);
  if (!node || node.goneAt !== undefined) return;
  telephony.nodes.put({ ...node, goneAt: now });
  await arm(telephony);
}

/** Set the alarm to when something is to be done about a node that is gone. */
async function arm({ nodes, trunks, storage }: TelephonyContext): Promise<void> {
  const held = new Set(trunks.all().map(({ node }) => node));
  const due = nodes
    .all()
    .flatMap(({ id, goneAt }) => (goneAt === undefined ? [] : [goneAt + (held.has(id) ? GRACE : LOST)]));
  if (due.length > 0) await storage.setAlarm(Math.min(...due));
  else await storage.deleteAlarm();
}

/**
 * The alarm: move the trunks of nodes that are gone.
 * @returns the nodes whose calls are lost
 */
export async function nodesLost(telephony: TelephonyContext, now: number): Promise<string[]> {
  const { nodes } = telephony;
  await settle(telephony, now);
  const lost = nodes.all().filter(({ goneAt }) => goneAt !== undefined && goneAt <= now - LOST);
  for (const { id } of lost) nodes.remove(id);
  await arm(telephony);
  return lost.map(({ id }) => id);
}
