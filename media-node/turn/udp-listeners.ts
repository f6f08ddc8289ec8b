import { PacketKind, packetKind } from "../net/demux.ts";
import { openUdp, type UdpPort } from "../net/udp-port.ts";
import type { TurnConfig } from "./config.ts";
import { createDiscoverySockets } from "./discovery/discovery-sockets.ts";
import { createDtlsClients, type DtlsClients, type DtlsClientsOptions } from "./dtls/dtls-clients.ts";
import type { DatagramReceiver, Poller } from "./poller.ts";
import type { TurnServer } from "./server.ts";
import type { Turns } from "./turns.ts";
import { createUdpClients } from "./udp-clients.ts";

export interface UdpListenersOptions {
  readonly config: TurnConfig;
  readonly attach: TurnServer["attach"];
  readonly turns: Turns;
  readonly poller: Poller | undefined;
  /** Tags at the poller from 0 on, so many. */
  readonly tags: number;
  /** Declares memory that is copied to and from. */
  readonly pin: (memory: Uint8Array) => void;
  readonly identity: DtlsClientsOptions["identity"];
  readonly maxPerAddress: number;
}

/** The UDP ports that clients know: shared by all workers of the node. */
export interface UdpListeners {
  /** The first port, 0 where it listens on none. */
  readonly port: number;
  readonly dtlsClients: number;
  receivePolled: DatagramReceiver;
  /** Calls `add` with a name and what is counted under it. */
  count(add: (prefix: string, counters: object) => void): void;
  flush(): void;
  /** To be called about once a second. */
  tick(now: number): void;
  close(now: number): Promise<void>;
}

/** DTLS clients of one port. */
const MAX_DTLS_CLIENTS = 4096;
/** Clients without an allocation that a port remembers. */
const UNKNOWN_CLIENTS = 4096;

/** @throws Error with `code` EADDRINUSE when a port is taken */
export async function openUdpListeners(options: UdpListenersOptions): Promise<UdpListeners> {
  const { config, attach, turns, poller, tags, pin, identity, maxPerAddress } = options;
  const { discovery } = config;
  const relayPorts = config.ports[1] - config.ports[0] + 1;
  const announced = new Map(config.announced.map(each => [each.local, each.announced]));
  const discoverySockets =
    discovery && createDiscoverySockets(discovery.pairs, address => announced.get(address) ?? address);
  const udps: UdpPort[] = [];
  const dtlsClients: DtlsClients[] = [];
  /** Polled datagrams, by tag. */
  const polled: ((offset: number, length: number, ipv4: number, port: number, bytes: Uint8Array) => void)[] = [];

  async function open(port: number, discovers = false): Promise<void> {
    const udp = await openUdp({
      addresses: discovers ? [...config.listen, ...discovery!.pairs.map(({ second }) => second)] : config.listen,
      port,
      reusePort: config.workers > 1,
      maxPaths: relayPorts + UNKNOWN_CLIENTS + 1 + (config.dtls ? MAX_DTLS_CLIENTS : 0),
      maxUnknownPaths: UNKNOWN_CLIENTS,
      onPacket(bytes, client, now) {
        receive(client, bytes, 0, bytes.length, now);
        turns.begin();
      },
    });
    udps.push(udp);
    pin(udp.slab);
    const clients = createUdpClients(udp, discovers ? discoverySockets?.add(udp) : undefined);
    const inlet = attach(clients.transport);
    const dtls = config.dtls
      ? createDtlsClients({ udp, identity, maxClients: MAX_DTLS_CLIENTS, maxPerAddress, attach })
      : undefined;
    if (dtls) dtlsClients.push(dtls);

    function receive(client: number, bytes: Uint8Array, offset: number, length: number, now: number): void {
      if (dtls && packetKind(bytes, offset, length) === PacketKind.dtls)
        dtls.receive(client, bytes, offset, length, now);
      else inlet.receive(client, bytes, offset, length, now);
    }

    for (const local of udp.locals.keys()) {
      const fd = udp.fdOf(local);
      if (!poller || fd === undefined || polled.length === tags) break;
      poller.add(polled.length, fd, () => udp.fdOf(local));
      polled.push((offset, length, ipv4, from, bytes) => {
        const known = clients.find(local, ipv4, from);
        const client = known >= 0 ? known : udp.pathOf(poller.sender(), from, local);
        if (client >= 0) receive(client, bytes, offset, length, turns.begin());
      });
    }
  }

  async function close(now: number): Promise<void> {
    for (const dtls of dtlsClients) dtls.close(now);
    await Promise.all(udps.map(udp => udp.close()));
  }

  try {
    if (config.listen.length > 0) await open(config.port, discovery !== undefined);
    if (config.listen.length > 0 && config.tlsPort > 0) await open(config.tlsPort);
    if (config.listen.length > 0 && discovery) await open(discovery.port, true);
  } catch (error) {
    await close(performance.now());
    throw error;
  }

  return {
    port: udps[0]?.locals[0]?.port ?? 0,
    get dtlsClients() {
      return dtlsClients.reduce((sum, { clients }) => sum + clients, 0);
    },
    receivePolled: (tag, bytes, offset, length, ipv4, port) => polled[tag]?.(offset, length, ipv4, port, bytes),
    count(add) {
      for (const udp of udps) add("turn.udp", udp.counters);
      for (const dtls of dtlsClients) add("turn.dtls", dtls.counters);
    },
    flush() {
      for (const udp of udps) udp.flush();
    },
    tick(now) {
      for (const dtls of dtlsClients) dtls.tick(now);
    },
    close,
  };
}
