import { networkInterfaces } from "node:os";
import type { Log } from "../log.ts";
import { parseAddress } from "../net/address.ts";
import { PacketKind, packetKind } from "../net/demux.ts";
import { openUdp, type UdpPort } from "../net/udp-port.ts";
import { STUN_FAMILY } from "../stun/constants.ts";
import type { TurnConfig } from "./config.ts";
import type { RelayAddress } from "./context.ts";
import { createCopier } from "./copy.ts";
import { flattenCounters } from "./counters.ts";
import { createDiscoverySockets } from "./discovery/discovery-sockets.ts";
import { createDtlsClients, type DtlsClients } from "./dtls/dtls-clients.ts";
import type { Allowance, PeerPolicyOptions } from "./policy/peer-policy.ts";
import { parseRange } from "./policy/ranges.ts";
import { createPoller } from "./poller.ts";
import { createRelaySockets } from "./relay-sockets.ts";
import { createTurnServer, type TurnInlet } from "./server.ts";
import { openCertificate } from "./stream/certificate.ts";
import { openStreams } from "./stream/streams.ts";
import { createTurns } from "./turns.ts";
import { createUdpClients } from "./udp-clients.ts";

/** A TURN server with its sockets, in one process. */
export interface TurnWorker {
  readonly port: number;
  readonly tlsPort: number;
  status(): { allocations: number; connections: number; counters: Record<string, number> };
  revoke(identity: string, until: number): void;
  /** A relay of another worker opened or closed. */
  sibling(family: number, port: number, isOpen: boolean): void;
  reload(): void;
  close(): Promise<void>;
}

export interface TurnWorkerOptions {
  readonly config: TurnConfig;
  readonly log: Log;
  readonly onRelay?: (family: number, port: number, isOpen: boolean) => void;
}

/** Connections of all clients together, and of one address: a flood from one must leave room for the others. */
const MAX_CONNECTIONS = 16_384;
const MAX_PER_ADDRESS = 1024;
/** DTLS clients of one port. */
const MAX_DTLS_CLIENTS = 4096;
/** Clients without an allocation that the UDP port remembers. */
const UNKNOWN_CLIENTS = 4096;
/** Tags of listening sockets at the poller are smaller. */
const LISTENER_TAGS = 64;
/** A certificate is looked at so often (seconds). */
const CERTIFICATE_INTERVAL = 10;

/** @throws Error for an address that is none */
function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (!bytes) throw new Error(`"${text}" is no IP address`);
  return bytes;
}

const familyOf = (bytes: Uint8Array): number => (bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6);

/** The rules for peers. @throws Error for a range that can't be read */
export function policyOf({ allowed, denied, media, announced }: TurnConfig): PeerPolicyOptions {
  const interfaces = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  const addresses = interfaces.map(({ address }) => address.split("%")[0]!);
  return {
    allowed: allowed.map(parseRange),
    denied: denied.map(parseRange),
    own: ["0.0.0.0/8", "127.0.0.0/8", "::", "::1", ...addresses, ...announced.map(({ announced: at }) => at)].map(
      parseRange,
    ),
    allowances: media.map(({ address, min, max }): Allowance => {
      const bytes = addressBytes(address);
      return { family: familyOf(bytes), address: bytes, kind: "media", admits: port => port >= min && port <= max };
    }),
  };
}

/** Opens a worker's sockets. @throws Error when a port is taken or a setting can't be used */
export async function openTurnWorker({ config, log, onRelay }: TurnWorkerOptions): Promise<TurnWorker> {
  const relayAddresses = config.relays.map(({ local, announced }): RelayAddress => {
    const bytes = addressBytes(local);
    return { family: familyOf(bytes), local: bytes, announced: addressBytes(announced) };
  });
  const siblings = new Map(relayAddresses.map(({ family }) => [family, new Uint8Array(0x10000)]));
  const poller = config.gather > 0 ? createPoller(receivePolled) : undefined;
  const copier = createCopier();
  if (poller) copier.pin(poller.memory);
  const turns = createTurns({ end: flush, gather: config.gather, poller });
  const [minPort, maxPort] = config.ports;
  const relayPorts = maxPort - minPort + 1;
  const relays = createRelaySockets({
    addresses: relayAddresses,
    turns,
    ...(poller && { poller }),
    firstTag: LISTENER_TAGS,
    maxPeers: Math.max(1024, 4 * relayPorts),
    onPacket: (relay, bytes, offset, length, address, port, now) =>
      server.receiveFromPeer(relay, bytes, offset, length, address, port, now),
  });
  copier.pin(relays.io.slab);
  const server = createTurnServer({
    realm: config.realm,
    secrets: config.secrets,
    users: config.users,
    relayAddresses,
    announced: config.announced.map(each => ({
      local: addressBytes(each.local),
      announced: addressBytes(each.announced),
    })),
    ports: config.ports,
    limits: config,
    policy: policyOf(config),
    isSiblingRelay: (family, port) => siblings.get(family)?.[port] === 1,
    challenges: config.challenges,
    nonceSecret: Buffer.from(config.nonceSecret, "hex"),
    nonceLifetime: config.nonceLifetime,
    timeOrigin: performance.timeOrigin,
    mobility: config.mobility,
    io: relays.io,
    copy: copier.copy,
    unixSeconds: () => Date.now() / 1000,
    onEnd: record => log.info("allocation ended", { ...record, duration: Math.round(record.duration) }),
    ...(onRelay && { onRelay }),
  });
  const certificate =
    config.certificate &&
    openCertificate(config.certificate.cert, config.certificate.key, config.dtls, error => {
      if (error) log.error("the new certificate can't be used; the old one stays", { error: error.message });
      else log.info("certificate reloaded", {});
    });

  /** Polled datagrams of listening sockets, by tag. */
  const listeners: ((offset: number, length: number, ipv4: number, port: number, bytes: Uint8Array) => void)[] = [];

  function receivePolled(
    tag: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    ipv4: number,
    port: number,
  ): void {
    if (tag >= LISTENER_TAGS) relays.receivePolled(tag, bytes, offset, length, ipv4, port);
    else listeners[tag]?.(offset, length, ipv4, port, bytes);
  }

  const { discovery } = config;
  const announced = new Map(config.announced.map(each => [each.local, each.announced]));
  const discoverySockets =
    discovery && createDiscoverySockets(discovery.pairs, address => announced.get(address) ?? address);

  const dtlsClients: DtlsClients[] = [];

  async function openPort(port: number, discovers = false): Promise<UdpPort> {
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
    copier.pin(udp.slab);
    const clients = createUdpClients(udp, discovers ? discoverySockets?.add(udp) : undefined);
    const inlet: TurnInlet = server.attach(clients.transport);
    const dtls = config.dtls
      ? createDtlsClients({
          udp,
          identity: () => certificate!.identity!,
          maxClients: MAX_DTLS_CLIENTS,
          maxPerAddress: MAX_PER_ADDRESS,
          attach: server.attach,
        })
      : undefined;
    if (dtls) dtlsClients.push(dtls);

    function receive(client: number, bytes: Uint8Array, offset: number, length: number, now: number): void {
      if (dtls && packetKind(bytes, offset, length) === PacketKind.dtls)
        dtls.receive(client, bytes, offset, length, now);
      else inlet.receive(client, bytes, offset, length, now);
    }

    for (const local of udp.locals.keys()) {
      const fd = udp.fdOf(local);
      if (!poller || fd === undefined || listeners.length === LISTENER_TAGS) break;
      poller.add(listeners.length, fd, () => udp.fdOf(local));
      listeners.push((offset, length, ipv4, from, bytes) => {
        const known = clients.find(local, ipv4, from);
        const client = known >= 0 ? known : udp.pathOf(poller.sender(), from, local);
        if (client >= 0) receive(client, bytes, offset, length, turns.begin());
      });
    }
    return udp;
  }

  const udps: UdpPort[] = [await openPort(config.port, discovery !== undefined)];
  const port = udps[0]!.locals[0]!.port;
  if (config.tlsPort > 0) udps.push(await openPort(config.tlsPort));
  if (discovery) udps.push(await openPort(discovery.port, true));
  const streams = await openStreams({
    addresses: config.listen,
    ports: [port, ...(config.tlsPort > 0 ? [config.tlsPort] : [])],
    secureContext: () => certificate?.context,
    maxConnections: MAX_CONNECTIONS,
    maxPerAddress: MAX_PER_ADDRESS,
    reusePort: config.workers > 1,
    attach: server.attach,
    begin: turns.begin,
  });

  function flush(): void {
    relays.flush();
    for (const udp of udps) udp.flush();
  }

  let seconds = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    server.tick(now);
    streams.tick(now);
    for (const dtls of dtlsClients) dtls.tick(now);
    if (++seconds % CERTIFICATE_INTERVAL === 0) certificate?.reload();
  }, 1000);
  let isClosed = false;

  return {
    port,
    tlsPort: streams.ports[1] ?? 0,
    status() {
      const counters = flattenCounters(server.counters);
      const add = (prefix: string, values: object): void => {
        for (const [name, value] of Object.entries(values))
          counters[`${prefix}.${name}`] = (counters[`${prefix}.${name}`] ?? 0) + (value as number);
      };
      add("turn.relay", relays.counters);
      add("turn.stream", streams.counters);
      for (const udp of udps) add("turn.udp", udp.counters);
      for (const dtls of dtlsClients) add("turn.dtls", dtls.counters);
      const connections = dtlsClients.reduce((sum, { clients }) => sum + clients, streams.connections);
      return { allocations: server.allocations, connections, counters };
    },
    revoke: (identity, until) => server.revoke(identity, until, performance.now()),
    sibling(family, number, isOpen) {
      const table = siblings.get(family);
      if (table) table[number] = Number(isOpen);
    },
    reload: () => certificate?.reload(),
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      server.close(performance.now());
      for (const dtls of dtlsClients) dtls.close(performance.now());
      poller?.close();
      await Promise.all([streams.close(), relays.close(), ...udps.map(udp => udp.close())]);
    },
  };
}
