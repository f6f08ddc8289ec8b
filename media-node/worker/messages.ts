/**
 * What the main process and a media worker say to each other: plain data over the child's IPC channel, so that a worker
 * could as well be elsewhere. Media never goes this way.
 * @module
 */
import type { BotEntrance, HlsPlace, LinkCommand, NodeFrame, RtmpEntrance } from "../../src/protocol/index.ts";
import type { LegNews, LegOrder, LegPlace } from "../gateway/leg/orders.ts";
import type { TurnConfig, TurnOrder } from "../turn/config.ts";
import type { TurnNews } from "../turn/news.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;

/** Where a door of a worker is. */
export interface DoorConfig {
  readonly address: string;
  /** 0: a free one. */
  readonly port: number;
  /** URL of the door, `{port}` in place of its port. */
  readonly url: string;
  /** PEM files; absent: connections aren't encrypted. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

/** Where a worker writes broadcasts. */
export interface HlsConfig {
  /** Origin of the edge, which takes broadcasts where it has a bucket for them. */
  readonly edge: string;
  /** Where they are written instead, and the URL that is served at, with a slash at its end; empty: unknown. */
  readonly folder?: { readonly path: string; readonly url: string };
}

/** What a worker is told at its start, as one JSON argument. */
export interface WorkerConfig {
  /** Its number, which stands in every ICE ufrag it makes. */
  readonly worker: number;
  readonly listen: readonly string[];
  /** Addresses that clients reach, in the order of `listen`; empty: those. */
  readonly announce: readonly string[];
  readonly port: number;
  /** Whether media may come by TCP, too. */
  readonly iceTcp: boolean;
  /** Ceiling of what one publisher is asked to send, in bit/s. */
  readonly maxBitrate: number;
  /** Its door for programs; absent: it has none. */
  readonly bots?: DoorConfig;
  /** Its door for encoders; absent: it has none. */
  readonly rtmp?: DoorConfig;
  /** Where broadcasts go; absent: there are none. */
  readonly hls?: HlsConfig;
  /** Its ports for plain RTP, and where it may be sent to; absent: there is none. */
  readonly rtp?: { readonly min: number; readonly max: number; readonly destinations: readonly string[] };
  /** Folder of recordings that telephones are told; absent: they are told ours. */
  readonly prompts?: string;
  readonly log: "debug" | "info" | "warn" | "error";
  /** It serves TURN, too, and is told how by its first message. */
  readonly turn?: true;
}

/** What a command that went well says. */
export interface Outcome {
  /** Where a call's leg was opened. */
  readonly leg?: LegPlace;
  /** Where there was an offer. */
  readonly answer?: { readonly sdp: string };
  /** Where a door was opened. */
  readonly bot?: BotEntrance;
  /** Where a broadcast was begun. */
  readonly hls?: HlsPlace;
  readonly rtmp?: RtmpEntrance;
}

/** Main → worker. */
export type ToWorker =
  | { readonly type: "command"; readonly id: number; readonly command: LinkCommand }
  /** Answered as a command is. */
  | { readonly type: "leg"; readonly id: number; readonly order: LegOrder }
  /** Not an argument, where other users of the machine could read the secrets in it. */
  | { readonly type: "turn.start"; readonly config: TurnConfig }
  | { readonly type: "turn"; readonly order: TurnOrder };

/** What a worker counts; added up for metrics. Names are `part.what`. */
export type Counters = Readonly<Record<string, number>>;

/** Worker → main. */
export type FromWorker =
  /** `tcp`: the port is there for TCP, too. */
  | { readonly type: "ready"; readonly port: number; readonly tcp: boolean }
  | ({ readonly type: "result"; readonly id: number } & Outcome)
  | { readonly type: "failure"; readonly id: number; readonly code: string; readonly detail?: string }
  | { readonly type: "report"; readonly frame: Frame<"session"> }
  | { readonly type: "turn"; readonly news: TurnNews }
  | { readonly type: "leg"; readonly news: LegNews }
  /** Once a second: sessions it holds, and its CPU use since the last, in cores. */
  | {
      readonly type: "status";
      readonly cpu: number;
      readonly rooms: readonly Frame<"inventory">["rooms"][number][];
      readonly counters: Counters;
      readonly turn?: { readonly allocations: number; readonly connections: number };
    };
