import type { UdpCounters } from "./counters.ts";
import type { PathTable } from "./path-table.ts";
import { type Runs, segmentCount } from "./runs.ts";
import type { UdpDatagrams, UdpSocket } from "./udp-socket.ts";

/** Sends all runs, in their order per path. Never blocks, never throws; counts what it could not send. */
export type Transmit = (runs: Runs) => void;

export interface TransmitterContext {
  readonly slab: Uint8Array;
  readonly paths: PathTable;
  /** By the number of the local socket. */
  readonly sockets: readonly UdpSocket[];
  readonly counters: UdpCounters;
}

/** Sends one run by its carrier or, datagram by datagram, with what the runtime offers. */
export function transmitRunByRuntime(context: TransmitterContext, runs: Runs, run: number): void {
  const { slab, paths, sockets, counters } = context;
  const path = runs.paths[run]!;
  const size = runs.segmentSizes[run]!;
  const carrier = paths.carrierOf(path);
  if (carrier) {
    carrier(slab, runs.offsets[run]!, runs.lengths[run]!, size);
    return;
  }
  const end = runs.offsets[run]! + runs.lengths[run]!;
  const datagrams: UdpDatagrams = [];
  for (let from = runs.offsets[run]!; from < end; from += size) {
    datagrams.push(slab.subarray(from, Math.min(from + size, end)), paths.portOf(path), paths.addressOf(path));
  }
  const sent = sockets[paths.localOf(path)]!.sendMany(datagrams);
  counters.sent += sent;
  counters.messages += sent;
  counters.dropped += segmentCount(runs, run) - sent;
}

/** The portable way out. */
export function createRuntimeTransmitter(context: TransmitterContext): Transmit {
  return runs => {
    for (let run = 0; run < runs.count; run++) transmitRunByRuntime(context, runs, run);
  };
}
