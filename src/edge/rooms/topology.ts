/**
 * How media flows, decided from who is there. Pure.
 * @module
 */
import { LIMITS } from "../../protocol/limits.ts";
import type { TOPOLOGIES, Topology } from "../../protocol/model.ts";

export type TopologySetting = (typeof TOPOLOGIES)[number];

/** What counts of a participant: what it is, and whether its grants allow a mesh. */
export interface Peer {
  readonly kind: string;
  readonly direct: boolean;
}

/** Up to so many a mesh is the better path, node or no node: nobody sends more than one copy. */
const MESH_PREFERRED = 2;

function census(peers: Iterable<Peer>): { count: number; others: number; limited: number } {
  let count = 0;
  let others = 0;
  let limited = 0;
  for (const peer of peers) {
    count++;
    if (peer.kind !== "client") others++;
    if (!peer.direct) limited++;
  }
  return { count, others, limited };
}

/** Whether a media node should carry the room. */
export function wantsNode(setting: TopologySetting, peers: Iterable<Peer>): boolean {
  const { count, others, limited } = census(peers);
  if (count === 0) return false;
  if (setting === "sfu" || setting === "mcu") return true;
  return setting === "auto" && (count > MESH_PREFERRED || others > 0 || limited > 0);
}

/**
 * The topology of a room with `peers`, carried by a node under `epoch` if one carries it. A mesh can enforce nothing and shows
 * addresses, so it needs full grants of everybody; what it can't serve needs a media node, and while none can be assigned the
 * room says so.
 */
export function decideTopology(setting: TopologySetting, peers: Iterable<Peer>, epoch?: number): Topology {
  const { count, others, limited } = census(peers);
  if (epoch !== undefined && setting !== "mesh") {
    const reason =
      setting !== "auto"
        ? "forced"
        : others > 0
          ? "participant-kind"
          : limited > 0
            ? "grants"
            : count > MESH_PREFERRED
              ? "many"
              : "few";
    return { setting, current: setting === "mcu" ? "mcu" : "sfu", reason, epoch };
  }
  if (setting === "sfu" || setting === "mcu") return { setting, current: "none", reason: "no-media-node" };
  if (count <= LIMITS.meshParticipants && others === 0 && limited === 0) {
    return { setting, current: "mesh", reason: setting === "mesh" ? "forced" : "few" };
  }
  if (setting === "auto") return { setting, current: "none", reason: "no-media-node" };
  return { setting, current: "none", reason: others > 0 ? "participant-kind" : limited > 0 ? "grants" : "many" };
}

/** Whether the room's setting lets participants exchange descriptions at all. */
export const allowsMesh = (setting: TopologySetting): boolean => setting === "auto" || setting === "mesh";
