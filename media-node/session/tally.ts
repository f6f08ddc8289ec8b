/** Adds up what many sessions counted, part by part, without making anything for each of them. */
export interface Tally {
  /** Adds one record of counts; those of one part are alike. */
  add(part: string, counts: Readonly<object>): void;
  /** Adds all that another one has. */
  addAll(other: Tally): void;
  /** Every sum, as `part.what`. */
  total(): Record<string, number>;
  readonly parts: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

export function createTally(): Tally {
  const parts = new Map<string, Record<string, number>>();

  function add(part: string, counts: Readonly<object>): void {
    let sums = parts.get(part);
    if (sums === undefined) {
      sums = {};
      parts.set(part, sums);
    }
    const record = counts as Readonly<Record<string, number>>;
    for (const name in record) sums[name] = (sums[name] ?? 0) + record[name]!;
  }

  return {
    parts,
    add,
    addAll(other) {
      for (const [part, counts] of other.parts) add(part, counts);
    },
    total() {
      const total: Record<string, number> = {};
      for (const [part, counts] of parts)
        for (const [name, count] of Object.entries(counts)) total[`${part}.${name}`] = count;
      return total;
    },
  };
}
