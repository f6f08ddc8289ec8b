/** Counts allocations per identity and in total; one counts from its request to its end. */
export interface Quotas {
  readonly total: number;
  /** False when the identity, or all together, have as many as they may. */
  take(identity: string): boolean;
  give(identity: string): void;
}

/** @param perIdentity and `total`: most allocations; 0: no limit */
export function createQuotas(perIdentity: number, total: number): Quotas {
  const held = new Map<string, number>();
  let all = 0;
  return {
    get total() {
      return all;
    },
    take(identity) {
      const count = held.get(identity) ?? 0;
      if ((perIdentity > 0 && count >= perIdentity) || (total > 0 && all >= total)) return false;
      held.set(identity, count + 1);
      all++;
      return true;
    },
    give(identity) {
      const count = held.get(identity);
      if (count === undefined) throw new RangeError("an allocation ended that was not counted");
      if (count === 1) held.delete(identity);
      else held.set(identity, count - 1);
      all--;
    },
  };
}
