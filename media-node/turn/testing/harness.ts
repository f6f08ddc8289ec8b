import { formatAddress, parseAddress } from "../../net/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";
import type { AllocationRecord, Relay } from "../allocation.ts";
import type { ClientTransport, RelayIo, TransportKind } from "../io.ts";
import { createTurnServer, type TurnInlet, type TurnServer, type TurnServerOptions } from "../server.ts";
import { type ClientOptions, createClient, SLAB, type TestClient } from "./test-client.ts";

/** A datagram that a relay sent. */
export interface Sent {
  readonly relay: Relay;
  readonly to: string;
  readonly bytes: Uint8Array;
  readonly unfragmented: boolean;
}

export interface Harness {
  readonly server: TurnServer;
  readonly sent: Sent[];
  readonly records: AllocationRecord[];
  /** Ports that a stranger holds: opening a relay there fails. */
  readonly strangers: Set<number>;
  /** Relays whose sockets are open. */
  readonly open: Set<Relay>;
  now: number;
  unixSeconds: number;
  client(options?: ClientOptions): TestClient;
  /** A datagram from a peer. */
  peer(relay: Relay, from: string, port: number, bytes: Uint8Array): void;
}

export const RELAY_IPV4 = "198.51.100.7";
export const RELAY_IPV6 = "2001:db8::7";

function createIo(sent: Sent[], open: Set<Relay>, strangers: Set<number>): RelayIo {
  const slab = new Uint8Array(SLAB);
  const peers: string[] = [];
  const write = (relay: Relay, peer: number, length: number, unfragmented: boolean): void => {
    sent.push({ relay, to: peers[peer]!, bytes: slab.slice(0, length), unfragmented });
  };
  const remember = (address: Uint8Array, family: number, port: number): number => {
    const bytes = address.subarray(0, family === STUN_FAMILY.ipv4 ? 4 : 16);
    return peers.push(`${formatAddress(bytes)}:${port}`) - 1;
  };
  return {
    slab,
    canForbidFragments: true,
    open(relay, opened) {
      if (strangers.has(relay.port)) {
        opened(false);
        return;
      }
      relay.handle = relay.port;
      open.add(relay);
      opened(true);
    },
    close(relay) {
      open.delete(relay);
      relay.handle = -1;
    },
    reserve: () => 0,
    commit: (relay, peer, length) => write(relay, peer, length, false),
    commitUnfragmented: (relay, peer, length) => write(relay, peer, length, true),
    rememberPeer: remember,
    forgetPeer() {},
    passingPeer: remember,
  };
}

/** A TURN server in virtual time, with clients and peers that are functions. */
export function createHarness(
  overrides: Partial<TurnServerOptions> = {},
  transportOverrides: Partial<ClientTransport> = {},
): Harness {
  const sent: Sent[] = [];
  const records: AllocationRecord[] = [];
  const strangers = new Set<number>();
  const open = new Set<Relay>();
  const server = createTurnServer({
    realm: "tandem",
    secrets: ["north"],
    users: { alice: "wonderland", bob: "builder" },
    relayAddresses: [
      { family: STUN_FAMILY.ipv4, local: parseAddress(RELAY_IPV4)!, announced: parseAddress(RELAY_IPV4)! },
      { family: STUN_FAMILY.ipv6, local: parseAddress(RELAY_IPV6)!, announced: parseAddress(RELAY_IPV6)! },
    ],
    ports: [50_000, 50_099],
    limits: { perIdentity: 0, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff },
    challenges: { perSecond: 0, burst: 0 },
    nonceLifetime: 600,
    io: createIo(sent, open, strangers),
    unixSeconds: () => harness.unixSeconds,
    onEnd: record => records.push(record),
    ...overrides,
  });
  const transports = new Map<
    TransportKind,
    { inlet: TurnInlet; clients: { address: string; inbox: Uint8Array[] }[] }
  >();

  function transportOf(kind: TransportKind) {
    let held = transports.get(kind);
    if (held) return held;
    const clients: { address: string; inbox: Uint8Array[] }[] = [];
    const slab = new Uint8Array(SLAB).fill(0xee);
    const transport: ClientTransport = {
      kind,
      slab,
      reserve: () => 0,
      commit: (client, length) => clients[client]?.inbox.push(slab.slice(0, length)),
      retain() {},
      release() {},
      addressOf: client => clients[client]!.address,
      portOf: client => 1024 + client,
      ...transportOverrides,
    };
    held = { inlet: server.attach(transport), clients };
    transports.set(kind, held);
    return held;
  }

  const harness: Harness = {
    server,
    sent,
    records,
    strangers,
    open,
    now: 1_000_000,
    unixSeconds: 1_700_000_000,
    client(options = {}) {
      const { inlet, clients } = transportOf(options.kind ?? "udp");
      const inbox: Uint8Array[] = [];
      const number = clients.push({ address: options.address ?? "192.0.2.9", inbox }) - 1;
      return createClient(harness, inlet, number, inbox, options);
    },
    peer(relay, from, port, bytes) {
      server.receiveFromPeer(relay, bytes.slice(), 0, bytes.length, from, port, harness.now);
    },
  };
  return harness;
}

/** The only open relay. */
export function onlyRelay({ open }: Harness): Relay {
  const [relay, ...more] = open;
  if (!relay || more.length > 0) throw new Error(`${open.size} relays are open`);
  return relay;
}

export { restPassword, restSecret } from "../auth/rest-credentials.ts";
export { peerAddress, UDP } from "./test-client.ts";
