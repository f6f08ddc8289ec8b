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

/**
 * The topology of a room with `peers`. A mesh can enforce nothing and shows addresses, so it needs full grants of everybody;
 * what it can't serve needs a media node, and while none can be assigned the room says so.
 */
export function decideTopology(setting: TopologySetting, peers: Iterable<Peer>): Topology {
  if (setting === "sfu" || setting === "mcu") return { setting, current: "none", reason: "no-media-node" };
  let count = 0;
  let others = 0;
  let limited = 0;
  for (const peer of peers) {
    count++;
    if (peer.kind !== "client") others++;
    if (!peer.direct) limited++;
  }
  const many = count > LIMITS.meshParticipants;
  if (!many && others === 0 && limited === 0) {
    return { setting, current: "mesh", reason: setting === "mesh" ? "forced" : "few" };
  }
  if (setting === "auto") return { setting, current: "none", reason: "no-media-node" };
  return { setting, current: "none", reason: others > 0 ? "participant-kind" : limited > 0 ? "grants" : "many" };
}

/** Whether the room's setting lets participants exchange descriptions at all. */
export const allowsMesh = (setting: TopologySetting): boolean => setting === "auto" || setting === "mesh";
