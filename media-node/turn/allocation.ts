import type { KeyObject } from "node:crypto";
import type { ClientTransport } from "./io.ts";
import type { Mobile } from "./mobility.ts";
import type { PeerLink } from "./tcp/peer-link.ts";
import type { TokenBucket } from "./token-bucket.ts";

/** What a credential may reach: the fleet's media ports only, or any peer that the policy allows. */
export type Scope = "media" | "any";

/** One peer port that a client gave a number to (RFC 8656 §12). */
export interface Channel {
  readonly number: number;
  readonly permission: Permission;
  readonly port: number;
  /** Where the relay sends, from `RelayIo.rememberPeer`. */
  readonly peer: number;
  /** The peer's number where it lives in this worker, else -1. */
  readonly local: number;
  /** When it dies. */
  until: number;
}

/** A peer address that may send to the client (RFC 8656 §9). */
export interface Permission {
  readonly family: number;
  /** As the relay's socket spells a sender's address. */
  readonly key: string;
  /** An IPv4 address as a number, else -1. */
  readonly ipv4: number;
  /** The address that packets come from and go to. */
  readonly address: Uint8Array;
  /** The address as the client knows it: an announced one, where ours is behind 1:1 NAT. */
  readonly wire: Uint8Array;
  /** The address is denied but for certain ports: every packet outside of a checked channel is judged anew. */
  readonly restricted: boolean;
  readonly channels: Channel[];
  until: number;
}

/** One relayed transport address. */
export interface Relay {
  readonly allocation: Allocation;
  readonly family: number;
  /** May change until its socket is open. */
  port: number;
  /** Number of its socket, RelayIo's own. */
  handle: number;
  /** Looked at before `permissions`, since packets come in rows. */
  lastPermission: Permission | undefined;
  readonly permissions: Map<string, Permission>;
}

export interface Allocation {
  /** Where its client is now. */
  transport: ClientTransport;
  /** -1 while it has none: its connection is gone, and a ticket may bring it back. */
  client: number;
  /** Set where the client may move. */
  mobile: Mobile | undefined;
  readonly username: string;
  readonly identity: string;
  readonly scope: Scope;
  /** Key of the requests and answers of this allocation. */
  readonly key: KeyObject;
  readonly createdAt: number;
  /** When it ends whatever is asked. */
  readonly deadline: number;
  /** The transaction that made it, to answer a retransmission alike. */
  readonly transaction: Uint8Array;
  /** LIFETIME of that answer. */
  readonly grantedLifetime: number;
  readonly relays: Relay[];
  state: "opening" | "open" | "closed";
  expiresAt: number;
  /** The token of the port reserved beside it, or undefined. */
  reservation: Uint8Array | undefined;
  /** ADDRESS-ERROR-CODE of the additional family, or 0. */
  additionalError: number;
  /** Its TCP connections with peers, where its relays are TCP's; UDP's have none. */
  readonly links: Set<PeerLink> | undefined;
  readonly channels: Map<number, Channel>;
  lastChannel: Channel | undefined;
  readonly up: TokenBucket;
  readonly down: TokenBucket;
  packetsUp: number;
  packetsDown: number;
  bytesUp: number;
  bytesDown: number;
}

/** What is left to say of an allocation once it is over. */
export interface AllocationRecord {
  readonly identity: string;
  readonly scope: Scope;
  readonly transport: string;
  readonly reason: EndReason;
  /** Milliseconds. */
  readonly duration: number;
  readonly packetsUp: number;
  readonly packetsDown: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export type EndReason = "released" | "expired" | "disconnected" | "revoked" | "failed" | "shutdown";

/** The relay of a family, or undefined. */
export function relayOf(allocation: Allocation, family: number): Relay | undefined {
  for (const relay of allocation.relays) if (relay.family === family) return relay;
  return undefined;
}
