/**
 * Which node takes a room. Pure.
 * @module
 */

/** What counts of a node. */
export interface Candidate {
  readonly id: string;
  readonly region: string;
  /** 0 to 1. */
  readonly load: number;
  readonly draining: boolean;
  readonly linked: boolean;
}

/** A node this full takes no new room while another can. */
const FULL = 0.9;

/**
 * The least loaded live node, of the room's region if one there has room left. `exclude` names nodes that have just failed the
 * room; they are taken only if there is no other.
 */
export function chooseNode<T extends Candidate>(
  nodes: readonly T[],
  region: string,
  exclude: readonly string[],
): T | undefined {
  const rank = (node: Candidate): number =>
    (exclude.includes(node.id) ? 8 : 0) +
    (node.load >= FULL ? 4 : 0) +
    (region !== "" && node.region !== region ? 2 : 0) +
    node.load;
  return nodes
    .filter(({ draining, linked }) => linked && !draining)
    .sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id))[0];
}
