/** Identities that are refused until the credentials they may still hold have expired. */
export interface Revocations {
  /** @param until seconds since 1970 */
  add(identity: string, until: number): void;
  has(identity: string, unixSeconds: number): boolean;
  /** Forgets what has expired. */
  sweep(unixSeconds: number): void;
  readonly size: number;
}

export function createRevocations(): Revocations {
  const untilOf = new Map<string, number>();
  return {
    add(identity, until) {
      untilOf.set(identity, Math.max(until, untilOf.get(identity) ?? 0));
    },
    has: (identity, unixSeconds) => (untilOf.get(identity) ?? 0) > unixSeconds,
    sweep(unixSeconds) {
      for (const [identity, until] of untilOf) if (until <= unixSeconds) untilOf.delete(identity);
    },
    get size() {
      return untilOf.size;
    },
  };
}
