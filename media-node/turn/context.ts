import type { Allocation, AllocationRecord, EndReason, Relay } from "./allocation.ts";
import type { Authenticator } from "./auth/authenticator.ts";
import type { Copy } from "./copy.ts";
import type { TurnCounters } from "./counters.ts";
import type { ClientTransport, LocalPeers, RelayIo } from "./io.ts";
import type { Mobility } from "./mobility.ts";
import type { PeerPolicy } from "./policy/peer-policy.ts";
import type { Translation } from "./policy/translation.ts";
import type { PortPool } from "./port-pool.ts";
import type { Quotas } from "./quotas.ts";
import type { StunRequest } from "./request.ts";
import type { Reservations } from "./reservations.ts";
import type { Responder } from "./responder.ts";
import type { TcpRelays } from "./tcp/tcp-relays.ts";

/** Where relays of a family are: the address that their sockets are bound to, and the one that clients are told. */
export interface RelayAddress {
  /** Of `STUN_FAMILY`. */
  readonly family: number;
  readonly local: Uint8Array;
  readonly announced: Uint8Array;
}

export interface TurnLimits {
  /** Most allocations per identity and in all, of all workers of the node; 0: no limit. */
  readonly perIdentity: number;
  readonly total: number;
  /** Bytes a second that an allocation may carry in each direction; 0: no limit. */
  readonly bytesPerSecond: number;
  /** Last channel number. */
  readonly maxChannel: number;
}

/** What the parts of one TURN server share. */
export interface TurnContext {
  readonly relayAddresses: readonly RelayAddress[];
  readonly limits: TurnLimits;
  readonly io: RelayIo;
  readonly local: LocalPeers | undefined;
  readonly copy: Copy;
  readonly counters: TurnCounters;
  readonly policy: PeerPolicy;
  readonly translation: Translation;
  readonly quotas: Quotas;
  readonly reservations: Reservations;
  /** Undefined: relays are UDP's alone. */
  readonly tcp: TcpRelays | undefined;
  /** Undefined: allocations don't move. */
  readonly mobility: Mobility | undefined;
  readonly authenticator: Authenticator;
  readonly responder: Responder;
  /** The ports of a family's relays, or undefined where there are none. */
  poolOf(family: number): PortPool | undefined;
  /** Makes an allocation the client's. */
  admit(allocation: Allocation): void;
  /** Makes an allocation another client's, who had none. */
  move(allocation: Allocation, transport: ClientTransport, client: number): void;
  /** A relay's socket opened: its port may be reached by other relays. */
  relayOpened(relay: Relay): void;
  end(allocation: Allocation, reason: EndReason, now: number): void;
  /** Closes one relay and gives its port back. */
  closeRelay(relay: Relay): void;
  /** Whether a client gets no new allocations: this server is about to stop. */
  refusesNew(transport: ClientTransport, client: number): boolean;
  readonly onEnd: (record: AllocationRecord) => void;
}

/** Answers an authenticated request, or starts to. */
export type RequestHandler = (context: TurnContext, request: StunRequest) => void;
