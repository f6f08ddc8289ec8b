import type { TransportKind } from "./io.ts";

/** What a TURN server counts: no label tells one user from another. */
export interface TurnCounters {
  /** STUN messages and datagrams that were none of ours. */
  malformed: number;
  unknown: number;
  binding: number;
  allocated: number;
  refreshed: number;
  /** Allocations that a ticket brought to another address. */
  moved: number;
  permitted: number;
  bound: number;
  /** Answers by error code. */
  readonly errors: Map<number, number>;
  /** Challenges that a source's budget swallowed. */
  silenced: number;
  /** Ends of allocations by reason. */
  readonly ended: Map<string, number>;
  /** Per transport of the client: packets and bytes to peers, and from them. */
  readonly relayed: Readonly<Record<TransportKind, RelayedCounters>>;
  /** Packets dropped between client and peer. */
  noPermission: number;
  noChannel: number;
  forbidden: number;
  overBandwidth: number;
}

export interface RelayedCounters {
  packetsUp: number;
  bytesUp: number;
  packetsDown: number;
  bytesDown: number;
}

export function createTurnCounters(): TurnCounters {
  const relayed = (): RelayedCounters => ({ packetsUp: 0, bytesUp: 0, packetsDown: 0, bytesDown: 0 });
  return {
    malformed: 0,
    unknown: 0,
    binding: 0,
    allocated: 0,
    refreshed: 0,
    moved: 0,
    permitted: 0,
    bound: 0,
    errors: new Map(),
    silenced: 0,
    ended: new Map(),
    relayed: { udp: relayed(), tcp: relayed(), tls: relayed(), dtls: relayed() },
    noPermission: 0,
    noChannel: 0,
    forbidden: 0,
    overBandwidth: 0,
  };
}

/** Adds one to a count. */
export function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The counters as a flat record, for metrics. */
export function flattenCounters(counters: TurnCounters): Record<string, number> {
  const flat: Record<string, number> = {};
  for (const [name, value] of Object.entries(counters)) if (typeof value === "number") flat[`turn.${name}`] = value;
  for (const [code, value] of counters.errors) flat[`turn.error.${code}`] = value;
  for (const [reason, value] of counters.ended) flat[`turn.ended.${reason}`] = value;
  for (const [transport, relayed] of Object.entries(counters.relayed))
    for (const [name, value] of Object.entries(relayed)) flat[`turn.${transport}.${name}`] = value as number;
  return flat;
}
