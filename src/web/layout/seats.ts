/**
 * Who sits where. Seats are kept from one moment to the next so that nobody moves without need: who comes takes a new
 * seat at the end, and the gap of somebody who leaves is filled from the end, so one tile moves, not all that follow.
 *
 * @param previous - Keys in seat order, as this function returned them last.
 * @param present - Keys of those who are there now, in order of arrival.
 */
export function takeSeats(previous: readonly string[], present: readonly string[]): readonly string[] {
  const here = new Set(present);
  const seated = new Set(previous);
  const arrived = present.filter(key => !seated.has(key));
  if (arrived.length === 0 && previous.every(key => here.has(key))) return previous;

  const seats = [...previous];
  for (let seat = 0; seat < seats.length; seat++) {
    while (seat < seats.length && !here.has(seats[seat] as string)) {
      const last = seats.pop() as string;
      if (seat < seats.length) seats[seat] = last;
    }
  }
  return [...seats, ...arrived];
}

/**
 * Brings those who speak into sight when there are more people than seats in sight: each swaps places with whoever in
 * sight has been silent longest.
 *
 * @param seats - Keys in seat order.
 * @param inSight - How many of the first seats are shown.
 * @param spoke - When each key last spoke, in milliseconds; absent: never.
 * @returns `seats` itself when nothing has to change.
 */
export function seatSpeakers(
  seats: readonly string[],
  inSight: number,
  spoke: ReadonlyMap<string, number>,
): readonly string[] {
  if (seats.length <= inSight || inSight < 1) return seats;
  const time = (key: string | undefined) => (key === undefined ? 0 : (spoke.get(key) ?? 0));
  const next = [...seats];
  let changed = false;
  for (let hidden = inSight; hidden < next.length; hidden++) {
    let quietest = 0;
    for (let seat = 1; seat < inSight; seat++) if (time(next[seat]) <= time(next[quietest])) quietest = seat;
    const [silent, speaker] = [next[quietest], next[hidden]];
    if (silent === undefined || speaker === undefined || time(speaker) <= time(silent)) continue;
    next[quietest] = speaker;
    next[hidden] = silent;
    changed = true;
  }
  return changed ? next : seats;
}
