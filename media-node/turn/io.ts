import type { Relay } from "./allocation.ts";
import type { DiscoveryPort } from "./discovery/discovery.ts";

export type TransportKind = "udp" | "tcp" | "tls" | "dtls";

/**
 * How clients of one kind reach the server. A client is an integer: a UDP path or a stream connection. What is sent is
 * written into `slab`: `reserve`, write there, `commit`.
 */
export interface ClientTransport {
  readonly kind: TransportKind;
  readonly slab: Uint8Array;
  /** Makes room for a message. Returns where to write it, valid until the next `reserve` or the end of the turn. */
  reserve(length: number): number;
  /** @param client -1: nobody, for now; nothing is sent */
  commit(client: number, length: number): void;
  /** A client that holds an allocation keeps its number. */
  retain(client: number): void;
  release(client: number): void;
  addressOf(client: number): string;
  portOf(client: number): number;
  /** Whether a client gets new allocations even while the server drains: it belongs to a room that still runs here. */
  stays?(client: number): boolean;
  /** Where else answers may leave from; absent where NAT behaviour discovery is off. */
  readonly discovery?: DiscoveryPort;
}

/** The relayed side: one UDP socket per relay. */
export interface RelayIo {
  readonly slab: Uint8Array;
  /** Whether `commitUnfragmented` sets the DF bit; without it DONT-FRAGMENT is unknown to this server. */
  readonly canForbidFragments: boolean;
  /** Opens the socket of a relay on its family and port, then calls back; false when the port can't be had. */
  open(relay: Relay, opened: (ok: boolean) => void): void;
  close(relay: Relay): void;
  reserve(length: number): number;
  commit(relay: Relay, peer: number, length: number): void;
  /** Sends the last reservation at once, with the DF bit set. */
  commitUnfragmented(relay: Relay, peer: number, length: number): void;
  /** A number for an address to send to, kept until `forgetPeer`; -1 when there is no room. */
  rememberPeer(address: Uint8Array, family: number, port: number): number;
  forgetPeer(peer: number): void;
  /** A number for an address, valid until the next call. */
  passingPeer(address: Uint8Array, family: number, port: number): number;
}

/**
 * Hands payloads to peers that live in this very worker, without a socket: sessions on its media port.
 * A session answers through `TurnServer.receiveLocal`.
 */
export interface LocalPeers {
  /** A number for the peer at this address, or -1 if it isn't one of ours. */
  find(address: Uint8Array, family: number, port: number): number;
  /** `bytes` are the callee's until it returns. */
  deliver(peer: number, relay: Relay, bytes: Uint8Array, offset: number, length: number, now: number): void;
  /** A relay is over: nothing comes from it any more, and nothing can be sent to it. */
  closed(relay: Relay): void;
}
