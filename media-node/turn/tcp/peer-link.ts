import type { Relay } from "../allocation.ts";
import type { Seal } from "../responder.ts";

/** A TCP connection between a relay and a peer (RFC 6062). */
export interface PeerLink {
  /** CONNECTION-ID: what the client names to get it. */
  readonly id: number;
  readonly relay: Relay;
  /** Address, in network order, and port that the connection comes from or goes to. */
  readonly address: Uint8Array;
  readonly port: number;
  /** How the client asked for it; undefined for one that the peer began. */
  readonly asked: { readonly transaction: Uint8Array; readonly seal: Seal } | undefined;
  /** It is being made, waits for the client's ConnectionBind, carries the client's bytes, or is over. */
  state: "connecting" | "waiting" | "joined" | "closed";
  /** Unless it is joined: when it ends. */
  until: number;
}

/** The sockets of TCP relays. */
export interface TcpRelayIo {
  /** Begins a connection from the relay's port; calls back once, unless it is dropped before. */
  connect(link: PeerLink, done: (ok: boolean, now: number) => void): void;
  /** Joins a client's stream to a link's; false when one of the two is gone. From then on bytes pass as they are. */
  join(link: PeerLink, client: number): boolean;
  /** Ends a link and the stream that is joined to it. */
  drop(link: PeerLink): void;
}

/** What sockets tell of TCP relays. */
export interface TcpRelayEvents {
  /** A peer connected to a relay. @returns undefined: it may not, close it */
  accepted(relay: Relay, address: string, port: number, now: number): PeerLink | undefined;
  /** A link's socket, or the client's stream that was joined to it, is gone. */
  closed(link: PeerLink): void;
  /** Bytes passed to the peer (`up`) or from it. @returns false: no more for now, see `mayPass` */
  passed(link: PeerLink, up: boolean, bytes: number, now: number): boolean;
  /** Whether bytes may pass again in a direction. */
  mayPass(link: PeerLink, up: boolean, now: number): boolean;
}
