import type { Log } from "../log.ts";
import type { AcceptStream } from "../net/tcp-listener.ts";
import type { TurnConfig, TurnOrder, TurnStatus } from "./config.ts";
import type { RelayAddress } from "./context.ts";
import { createCopier } from "./copy.ts";
import { flattenCounters } from "./counters.ts";
import type { ClientTransport, LocalPeers } from "./io.ts";
import type { TurnNews } from "./news.ts";
import { addressBytes, familyOf, policyOf } from "./policy/configure-policy.ts";
import { createPoller, type DatagramReceiver } from "./poller.ts";
import { createRelaySockets } from "./relay-sockets.ts";
import { createTurnServer, type TurnInlet, type TurnServer } from "./server.ts";
import { openCertificate } from "./stream/certificate.ts";
import { openStreams } from "./stream/streams.ts";
import { createTcpSockets } from "./tcp/tcp-sockets.ts";
import { createTurns } from "./turns.ts";
import { openUdpListeners } from "./udp-listeners.ts";

/** A TURN server with its sockets, in one process: alone, or beside the sessions of a media worker. */
export interface TurnWorker {
  /** The listening ports; 0: none. */
  readonly port: number;
  readonly tlsPort: number;
  status(): TurnStatus;
  /**
   * Serves the clients of another transport.
   * @param flush sends what was committed to it; called at the end of a turn
   */
  attach(transport: ClientTransport, flush: () => void): TurnInlet;
  /** Serves a TCP connection that another listener took; `first` was read of it. */
  readonly accept: AcceptStream;
  /** Begins a turn, at whose end everything leaves. Returns its time. */
  begin(): number;
  /** What a local peer sends to a relay; see `TurnServer.receiveFromPeer`. */
  readonly receiveFromPeer: TurnServer["receiveFromPeer"];
  obey(order: TurnOrder): void;
  close(): Promise<void>;
}

export interface TurnWorkerOptions {
  readonly config: TurnConfig;
  readonly log: Log;
  /** Takes news for the other workers; absent: there are none. */
  readonly tell?: (news: TurnNews) => void;
  /** Peers in this process, and the memory that they send from. */
  readonly local?: LocalPeers & { readonly memory: Uint8Array };
}

/** Connections of all clients together, and of one address: a flood from one must leave room for the others. */
const MAX_CONNECTIONS = 16_384;
const MAX_PER_ADDRESS = 1024;
/** Tags of listening sockets at the poller are smaller. */
const LISTENER_TAGS = 64;
/** A certificate is looked at so often (seconds). */
const CERTIFICATE_INTERVAL = 10;

/** Opens a worker's sockets. @throws Error when a port is taken or a setting can't be used */
export async function openTurnWorker({ config, log, tell, local }: TurnWorkerOptions): Promise<TurnWorker> {
  const relayAddresses = config.relays.map(({ local: at, announced }): RelayAddress => {
    const bytes = addressBytes(at);
    return { family: familyOf(bytes), local: bytes, announced: addressBytes(announced) };
  });
  const receivePolled: DatagramReceiver = (tag, bytes, offset, length, ipv4, port) => {
    if (tag >= LISTENER_TAGS) relays.receivePolled(tag, bytes, offset, length, ipv4, port);
    else listeners.receivePolled(tag, bytes, offset, length, ipv4, port);
  };
  const poller = config.gather > 0 ? createPoller(receivePolled) : undefined;
  const copier = createCopier();
  if (poller) copier.pin(poller.memory);
  if (local) copier.pin(local.memory);
  const turns = createTurns({ end: flush, gather: config.gather, poller });
  const relays = createRelaySockets({
    addresses: relayAddresses,
    turns,
    ...(poller && { poller }),
    firstTag: LISTENER_TAGS,
    maxPeers: Math.max(1024, 4 * (config.ports[1] - config.ports[0] + 1)),
    onPacket: (relay, bytes, offset, length, address, port, now) =>
      server.receiveFromPeer(relay, bytes, offset, length, address, port, now),
  });
  copier.pin(relays.io.slab);
  const tcp = config.tcpRelay
    ? createTcpSockets({
        addresses: relayAddresses,
        handOver: client => streams.handOver(client),
        events: () => server.tcp!,
      })
    : undefined;
  const mediaPorts = new Set<number>();
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
    policy: policyOf(config, port => mediaPorts.has(port)),
    challenges: config.challenges,
    nonceSecret: Buffer.from(config.nonceSecret, "hex"),
    nonceLifetime: config.nonceLifetime,
    timeOrigin: performance.timeOrigin,
    mobility: config.mobility,
    io: tcp ? tcp.wrap(relays.io) : relays.io,
    ...(tcp && { tcp: tcp.io }),
    copy: copier.copy,
    unixSeconds: () => Date.now() / 1000,
    onEnd: record => log.info("allocation ended", { ...record, duration: Math.round(record.duration) }),
    ...(local && { local }),
    ...(tell && { tell }),
  });
  const certificate =
    config.certificate &&
    openCertificate(config.certificate.cert, config.certificate.key, config.dtls, error => {
      if (error) log.error("the new certificate can't be used; the old one stays", { error: error.message });
      else log.info("certificate reloaded", {});
    });
  const listeners = await openUdpListeners({
    config,
    attach: server.attach,
    turns,
    poller,
    tags: LISTENER_TAGS,
    pin: copier.pin,
    identity: () => certificate!.identity!,
    maxPerAddress: MAX_PER_ADDRESS,
  });
  const streams = await openStreams({
    addresses: config.listen,
    ports: listeners.port === 0 ? [] : [listeners.port, ...(config.tlsPort > 0 ? [config.tlsPort] : [])],
    secureContext: () => certificate?.context,
    maxConnections: MAX_CONNECTIONS,
    maxPerAddress: MAX_PER_ADDRESS,
    reusePort: config.workers > 1,
    attach: server.attach,
    begin: turns.begin,
  });
  const flushes: (() => void)[] = [];

  function flush(): void {
    for (const each of flushes) each();
    relays.flush();
    listeners.flush();
  }

  let seconds = 0;
  const timer = setInterval(() => {
    const now = performance.now();
    server.tick(now);
    streams.tick(now);
    tcp?.tick();
    listeners.tick(now);
    if (++seconds % CERTIFICATE_INTERVAL === 0) certificate?.reload();
  }, 1000);
  let isClosed = false;

  return {
    port: listeners.port,
    tlsPort: streams.ports[1] ?? 0,
    status() {
      const counters = flattenCounters(server.counters);
      const add = (prefix: string, values: object): void => {
        for (const [name, value] of Object.entries(values))
          counters[`${prefix}.${name}`] = (counters[`${prefix}.${name}`] ?? 0) + (value as number);
      };
      add("turn.relay", relays.counters);
      add("turn.stream", streams.counters);
      listeners.count(add);
      return {
        allocations: server.allocations,
        connections: streams.connections + listeners.dtlsClients,
        counters,
      };
    },
    attach(transport, flushTransport) {
      copier.pin(transport.slab);
      flushes.push(flushTransport);
      return server.attach(transport);
    },
    accept: streams.accept,
    begin: turns.begin,
    receiveFromPeer: server.receiveFromPeer,
    obey(order) {
      if (order.type === "revoke") server.revoke(order.identity, order.until, performance.now());
      else if (order.type === "arm") server.arm(order.secrets);
      else if (order.type === "drain") server.drain();
      else if (order.type === "reload") certificate?.reload();
      else if (order.type === "media") {
        if (order.open) mediaPorts.add(order.port);
        else mediaPorts.delete(order.port);
      } else server.hear(order, performance.now());
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      clearInterval(timer);
      const now = performance.now();
      server.close(now);
      tcp?.close();
      poller?.close();
      await Promise.all([streams.close(), relays.close(), listeners.close(now)]);
    },
  };
}
