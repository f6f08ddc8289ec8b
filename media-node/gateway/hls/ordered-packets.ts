/** A hole in the numbers is waited for so long (ms): retransmissions take a round trip or two. */
const PATIENCE = 600;
/** Packets kept behind a hole at most. */
const MAX_WAITING = 2_048;

/** A packet's payload, which is the taker's. */
export interface Packet {
  readonly payload: Buffer;
  readonly timestamp: number;
  readonly marker: boolean;
}

export interface OrderedPackets {
  /** Takes a packet by its extended number, in any order. */
  push(index: number, packet: Packet, now: number): void;
  /** Gives holes up that are too old. */
  tick(now: number): void;
}

/**
 * Brings packets in the order of their numbers.
 * @param take takes each; `whole` is false where some before it are lost for good
 */
export function createOrderedPackets(take: (packet: Packet, whole: boolean) => void): OrderedPackets {
  const waiting = new Map<number, Packet>();
  let next = -1;
  let since = 0;

  function drain(now: number): void {
    for (let packet = waiting.get(next); packet !== undefined; packet = waiting.get(next)) {
      waiting.delete(next++);
      since = now;
      take(packet, true);
    }
  }

  function skip(now: number): void {
    next = Math.min(...waiting.keys());
    const packet = waiting.get(next)!;
    waiting.delete(next++);
    since = now;
    take(packet, false);
    drain(now);
  }

  return {
    push(index, packet, now) {
      if (next < 0) next = index;
      if (index < next || waiting.has(index)) return;
      if (waiting.size === 0) since = now;
      waiting.set(index, packet);
      drain(now);
      if (waiting.size > MAX_WAITING) skip(now);
    },
    tick(now) {
      if (waiting.size > 0 && now - since > PATIENCE) skip(now);
    },
  };
}
