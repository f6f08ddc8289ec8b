/** Counts allocations per identity and in total; one counts from its request to its end. */
export interface Quotas {
  /** Of this worker alone. */
  readonly total: number;
  /** False when the identity, or all together, have as many as they may on this node. */
  take(identity: string): boolean;
  give(identity: string): void;
  /** Workers beside this one hold so many more, or fewer. */
  sibling(identity: string, change: number): void;
}

function add(counts: Map<string, number>, identity: string, change: number): void {
  const count = (counts.get(identity) ?? 0) + change;
  if (count > 0) counts.set(identity, count);
  else counts.delete(identity);
}

/**
 * @param perIdentity and `total`: most allocations of the node; 0: no limit
 * @param onChange told what this worker's siblings must know
 */
export function createQuotas(
  perIdentity: number,
  total: number,
  onChange: (identity: string, change: number) => void = () => {},
): Quotas {
  const held = new Map<string, number>();
  const elsewhere = new Map<string, number>();
  let all = 0;
  let allElsewhere = 0;
  return {
    get total() {
      return all;
    },
    take(identity) {
      const count = (held.get(identity) ?? 0) + (elsewhere.get(identity) ?? 0);
      if ((perIdentity > 0 && count >= perIdentity) || (total > 0 && all + allElsewhere >= total)) return false;
      add(held, identity, 1);
      all++;
      onChange(identity, 1);
      return true;
    },
    give(identity) {
      if (!held.has(identity)) throw new RangeError("an allocation ended that was not counted");
      add(held, identity, -1);
      all--;
      onChange(identity, -1);
    },
    sibling(identity, change) {
      add(elsewhere, identity, change);
      allElsewhere = Math.max(0, allElsewhere + change);
    },
  };
}
