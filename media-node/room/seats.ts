/**
 * Places what is wanted on seats so that nothing jumps: who sits stays, newcomers take free seats in order.
 * @param seats who sits where now.
 * @param wanted who shall sit; those beyond the number of seats don't.
 * @returns who sits where then, as long as `seats`.
 */
export function assignSeats<T>(seats: readonly (T | undefined)[], wanted: readonly T[]): (T | undefined)[] {
  const chosen = new Set(wanted.slice(0, seats.length));
  const result = seats.map(sitting => (sitting !== undefined && chosen.delete(sitting) ? sitting : undefined));
  const newcomers = chosen.values();
  return result.map(sitting => sitting ?? newcomers.next().value);
}
