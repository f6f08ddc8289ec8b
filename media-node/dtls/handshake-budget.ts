/** A token bucket that bounds what handshakes may cost; one per worker, shared by its endpoints. */
export interface HandshakeBudget {
  /** Takes one handshake's worth, or refuses. `now` in ms. */
  take(now: number): boolean;
}

/**
 * @param perSecond handshakes a second in the long run; at about half a millisecond each, the default leaves half a
 * core to the packets.
 * @param burst handshakes at once, as when a room moves here from a node that died.
 */
export function createHandshakeBudget({ perSecond = 1_000, burst = 300 } = {}): HandshakeBudget {
  let tokens = burst;
  let filledAt = Number.POSITIVE_INFINITY;
  return {
    take(now) {
      tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) * perSecond) / 1_000);
      filledAt = now;
      if (tokens < 1) return false;
      tokens--;
      return true;
    },
  };
}
