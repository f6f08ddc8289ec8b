import type { LogLevel } from "../log.ts";
import type { DiscoveryConfig } from "./discovery/configure-discovery.ts";
import type { TurnNews } from "./news.ts";

/** Everything that a TURN worker is told at its start: plain data, over IPC, since it holds secrets. */
export interface TurnConfig {
  readonly worker: number;
  readonly workers: number;
  /** Local addresses to listen on; none: only transports that others attach are served. */
  readonly listen: readonly string[];
  readonly port: number;
  /** A second port, for TLS by custom; 0: none. Both take UDP's and TCP's part, TLS and plain. */
  readonly tlsPort: number;
  /** Addresses for relays, at most one a family, and what clients are told instead of them. */
  readonly relays: readonly { readonly local: string; readonly announced: string }[];
  readonly announced: readonly { readonly local: string; readonly announced: string }[];
  readonly ports: readonly [number, number];
  readonly realm: string;
  readonly secrets: readonly string[];
  readonly users: Readonly<Record<string, string>>;
  readonly nonceSecret: string;
  readonly nonceLifetime: number;
  readonly perIdentity: number;
  readonly total: number;
  readonly bytesPerSecond: number;
  readonly maxChannel: number;
  readonly challenges: { readonly perSecond: number; readonly burst: number };
  readonly allowed: readonly string[];
  readonly denied: readonly string[];
  /** Local addresses that this node's media workers listen on. */
  readonly mediaAddresses: readonly string[];
  /** Media ports of the fleet, which every credential may reach. */
  readonly media: readonly { readonly address: string; readonly min: number; readonly max: number }[];
  readonly certificate: { readonly cert: string; readonly key: string } | undefined;
  /** Relays of TCP, too (RFC 6062). */
  readonly tcpRelay: boolean;
  /** Allocations may move with their clients' addresses. */
  readonly mobility: boolean;
  /** Clients over DTLS on the UDP ports; needs the certificate. */
  readonly dtls: boolean;
  /** NAT behaviour discovery; undefined: off. */
  readonly discovery: DiscoveryConfig | undefined;
  /** Longest wait for more packets under load, in microseconds. */
  readonly gather: number;
  readonly log: LogLevel;
}

/** What a running worker is told. */
export type TurnOrder =
  | TurnNews
  /** A media worker of this node listens on a port, or does no longer. */
  | { readonly type: "media"; readonly port: number; readonly open: boolean }
  /** Secrets from the edge, beside those of the configuration. */
  | { readonly type: "arm"; readonly secrets: readonly string[] }
  | { readonly type: "revoke"; readonly identity: string; readonly until: number }
  | { readonly type: "drain" }
  | { readonly type: "reload" };

export interface TurnStatus {
  readonly allocations: number;
  readonly connections: number;
  readonly counters: Readonly<Record<string, number>>;
}

/** Main → worker. */
export type ToTurnWorker = { readonly type: "start"; readonly config: TurnConfig } | TurnOrder;

/** Worker → main. */
export type FromTurnWorker =
  | { readonly type: "ready"; readonly port: number; readonly tlsPort: number }
  | { readonly type: "failed"; readonly why: string }
  | TurnNews
  | ({ readonly type: "status" } & TurnStatus);
