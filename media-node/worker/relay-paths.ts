import { formatAddress } from "../net/address.ts";
import type { UdpPort } from "../net/udp-port.ts";
import { STUN_FAMILY } from "../stun/constants.ts";
import type { Relay } from "../turn/allocation.ts";
import type { LocalPeers } from "../turn/io.ts";
import type { TurnServer } from "../turn/server.ts";
import type { MediaWorker, PacketPort } from "./media-worker.ts";

export interface RelayPathsOptions {
  /** The media port, of which relays become paths. */
  readonly udp: PacketPort & Pick<UdpPort, "carriedPath" | "enterTurn">;
  /** Its local addresses and number: packets to these come to us. */
  readonly addresses: readonly Uint8Array[];
  readonly port: number;
  /** What clients know a family's relays by. */
  readonly announced: (family: number) => string;
  /** Set before the first packet. */
  readonly receiver: () => Pick<MediaWorker, "receiveInPlace" | "pathClosed">;
  readonly receiveFromPeer: TurnServer["receiveFromPeer"];
  /** The TURN server's time, and the receiver's at its zero. */
  readonly begin: () => number;
  readonly timeOrigin: number;
}

/** Counts of packets that went between a relay and a session without a socket. */
export interface RelayPathCounters {
  toSessions: number;
  toRelays: number;
  /** Too many at once, or no path was left. */
  dropped: number;
}

/**
 * Relays of this very worker as paths of its media port: what a client sends by its relay to a session here, and what the
 * session sends back, is handed over in memory.
 */
export interface RelayPaths {
  readonly counters: Readonly<RelayPathCounters>;
  /** For the TURN server, with the memory that sessions' packets are handed over in. */
  readonly peers: LocalPeers & { readonly memory: Uint8Array };
  /** The media port as sessions have to use it. */
  readonly port: PacketPort;
}

const MAX_DATAGRAM = 65_536;
/** Runs between two reservations; a port has no more of them. */
const MAX_RUNS = 1_024;

interface RelayPath {
  readonly relay: Relay;
  /** The session's end, as the relay knows it. */
  readonly address: string;
  readonly number: number;
}

export function createRelayPaths(options: RelayPathsOptions): RelayPaths {
  const { udp, addresses, port, receiver, timeOrigin } = options;
  const counters: RelayPathCounters = { toSessions: 0, toRelays: 0, dropped: 0 };
  /** By relay, then by the index of the peer's address. */
  const paths = new Map<Relay, (RelayPath | undefined)[]>();
  let lastRelay: Relay | undefined;
  let lastPaths: (RelayPath | undefined)[] = [];
  const packet = Buffer.allocUnsafeSlow(MAX_DATAGRAM);
  // A flush hands over no more than the slab holds, and what it handed over is gone before the next one.
  const memory = new Uint8Array(udp.slab.length + MAX_DATAGRAM);
  const targets: (RelayPath | undefined)[] = new Array<RelayPath | undefined>(MAX_RUNS).fill(undefined);
  const offsets = new Uint32Array(MAX_RUNS);
  const lengths = new Uint32Array(MAX_RUNS);
  const segmentSizes = new Uint32Array(MAX_RUNS);
  let queued = 0;
  let used = 0;
  let isHandingOver = false;

  /** Takes a run while the port is being flushed: it can't be used to send by at that moment. */
  function carry(target: RelayPath, bytes: Uint8Array, offset: number, length: number, segmentSize: number): void {
    if (queued === MAX_RUNS || used + length > memory.length) {
      counters.dropped += Math.ceil(length / segmentSize);
      return;
    }
    memory.set(bytes.subarray(offset, offset + length), used);
    targets[queued] = target;
    offsets[queued] = used;
    lengths[queued] = length;
    segmentSizes[queued++] = segmentSize;
    used += length;
  }

  function handOver(): void {
    if (queued === 0 || isHandingOver) return;
    isHandingOver = true;
    const now = options.begin();
    for (let i = 0; i < queued; i++) {
      const { relay, address } = targets[i]!;
      targets[i] = undefined;
      const size = segmentSizes[i]!;
      const end = offsets[i]! + lengths[i]!;
      for (let at = offsets[i]!; at < end; at += size) {
        counters.toRelays++;
        options.receiveFromPeer(relay, memory, at, Math.min(size, end - at), address, port, now);
      }
    }
    queued = 0;
    used = 0;
    isHandingOver = false;
  }

  function open(relay: Relay, peer: number, known: (RelayPath | undefined)[]): RelayPath | undefined {
    const number = udp.carriedPath(options.announced(relay.family), relay.port, (bytes, offset, length, size) =>
      carry(path, bytes, offset, length, size),
    );
    const path: RelayPath = { relay, address: formatAddress(addresses[peer]!), number };
    if (number < 0) return undefined;
    known[peer] = path;
    return path;
  }

  return {
    counters,
    peers: {
      memory,
      find(address, family, number) {
        if (number !== port) return -1;
        const length = family === STUN_FAMILY.ipv4 ? 4 : 16;
        return addresses.findIndex(own => own.length === length && own.every((byte, i) => address[i] === byte));
      },
      deliver(peer, relay, bytes, offset, length) {
        if (relay !== lastRelay) {
          lastPaths = paths.get(relay) ?? [];
          paths.set(relay, lastPaths);
          lastRelay = relay;
        }
        const path = lastPaths[peer] ?? open(relay, peer, lastPaths);
        if (path === undefined || length > MAX_DATAGRAM) {
          counters.dropped++;
          return;
        }
        counters.toSessions++;
        packet.set(bytes.subarray(offset, offset + length));
        receiver().receiveInPlace(packet, 0, length, path.number, timeOrigin + udp.enterTurn());
      },
      closed(relay) {
        const known = paths.get(relay);
        if (known === undefined) return;
        paths.delete(relay);
        if (relay === lastRelay) lastRelay = undefined;
        for (const path of known) {
          if (path === undefined) continue;
          receiver().pathClosed(path.number, timeOrigin + options.begin());
          udp.release(path.number);
        }
      },
    },
    port: {
      ...udp,
      // Nothing lies in the slab now that is not queued: relays' clients may be sent to.
      reserve(length) {
        handOver();
        return udp.reserve(length);
      },
      flush() {
        udp.flush();
        handOver();
        udp.flush();
      },
    },
  };
}
