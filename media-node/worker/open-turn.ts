import type { Socket } from "node:net";
import type { Log } from "../log.ts";
import { formatAddress } from "../net/address.ts";
import type { TurnConfig } from "../turn/config.ts";
import type { ClientTransport } from "../turn/io.ts";
import type { TurnNews } from "../turn/news.ts";
import { addressBytes, familyOf } from "../turn/policy/configure-policy.ts";
import { openTurnWorker, type TurnWorker } from "../turn/turn-worker.ts";
import type { TurnEntry } from "./demultiplexer.ts";
import type { PacketPort } from "./media-worker.ts";
import type { MediaPorts } from "./open-ports.ts";
import { createRelayPaths, type RelayPathCounters, type RelayPathsOptions } from "./relay-paths.ts";

export interface WorkerTurnOptions {
  readonly config: TurnConfig;
  readonly ports: Pick<MediaPorts, "udp" | "number">;
  readonly receiver: RelayPathsOptions["receiver"];
  readonly timeOrigin: number;
  readonly log: Log;
  /** Takes news for the other workers; absent: there are none. */
  readonly tell?: (news: TurnNews) => void;
}

/** The TURN server of a media worker, beside its sessions. */
export interface WorkerTurn extends Pick<TurnWorker, "status" | "obey" | "close"> {
  /** For what comes to the media port by UDP, and by TCP. */
  readonly entry: TurnEntry;
  accept(socket: Socket): void;
  /** The media port as sessions have to use it. */
  readonly port: PacketPort;
  /** Packets between relays and sessions of this worker. */
  readonly counters: Readonly<RelayPathCounters>;
}

/** Clients of the media port: they belong to rooms of this worker, which go on while it drains. */
export function mediaTransport(port: PacketPort): ClientTransport {
  const { slab, reserve, commit, retain, release, addressOf, portOf } = port;
  return { kind: "udp", slab, reserve, commit, retain, release, addressOf, portOf, stays: () => true };
}

/** @throws Error when a listening port is taken or a setting can't be used */
export async function openTurn(options: WorkerTurnOptions): Promise<WorkerTurn> {
  const { config, ports, receiver, timeOrigin, log, tell } = options;
  const { udp, number } = ports;
  const relays = createRelayPaths({
    udp,
    addresses: config.mediaAddresses.map(addressBytes),
    port: number,
    announced(family) {
      const relay = config.relays.find(({ local }) => familyOf(addressBytes(local)) === family);
      return relay ? formatAddress(addressBytes(relay.announced)) : "";
    },
    receiver,
    receiveFromPeer: (...packet) => turn.receiveFromPeer(...packet),
    begin: () => turn.begin(),
    timeOrigin,
  });
  const turn = await openTurnWorker({ config, log, local: relays.peers, ...(tell && { tell }) });
  turn.obey({ type: "media", port: number, open: true });
  const inlet = turn.attach(mediaTransport(udp), udp.flush);
  return {
    entry: {
      maxChannel: config.maxChannel,
      receive: (path, bytes) => inlet.receive(path, bytes, 0, bytes.length, turn.begin()),
    },
    accept: socket => turn.accept(socket),
    port: relays.port,
    counters: relays.counters,
    status: turn.status,
    obey: turn.obey,
    close: turn.close,
  };
}
