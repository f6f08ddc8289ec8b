import type { KeyObject } from "node:crypto";
import { formatAddress, parseAddress } from "../../net/address.ts";
import { createStunAddress } from "../../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_FAMILY, STUN_METHOD, STUN_PASSWORD_ALGORITHM } from "../../stun/constants.ts";
import { longTermKey, passwordAlgorithms } from "../../stun/credentials.ts";
import { verifyIntegrity, verifyIntegritySha256 } from "../../stun/integrity.ts";
import {
  attributeText,
  attributeUint32,
  createStunMessage,
  findAttribute,
  parseStun,
  readAddress,
  readErrorCode,
  type StunMessage,
} from "../../stun/message.ts";
import { createStunWriter, type StunWriter } from "../../stun/writer.ts";
import type { AllocationRecord, Relay } from "../allocation.ts";
import type { ClientTransport, RelayIo, TransportKind } from "../io.ts";
import { createTurnServer, type TurnInlet, type TurnServer, type TurnServerOptions } from "../server.ts";

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

export interface ClientOptions {
  readonly address?: string;
  readonly kind?: TransportKind;
  readonly username?: string;
  readonly password?: string;
  readonly algorithm?: number;
}

export interface Answer {
  readonly class: number;
  readonly method: number;
  readonly error: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  readonly message: StunMessage;
  /** Signed with the client's key. */
  readonly authentic: boolean;
  text(type: number): string | undefined;
  uint32(type: number): number;
  address(type: number, index?: number): string | undefined;
}

export type Write = (to: StunWriter) => void;

export interface TestClient {
  readonly number: number;
  readonly key: KeyObject;
  /** What came, newest last: STUN as answers, ChannelData as bytes. */
  readonly inbox: Uint8Array[];
  nonce: string;
  /** Sends any bytes. */
  raw(bytes: Uint8Array): void;
  /** Sends a request without credentials; the answer, or undefined if there was silence. */
  plain(method: number, write?: Write): Answer | undefined;
  /** Sends a signed request, getting a nonce first where there is none. */
  request(method: number, write?: Write, change?: RequestChange): Answer | undefined;
  allocate(write?: Write): Answer | undefined;
  permit(...peers: string[]): Answer | undefined;
  bind(channel: number, peer: string): Answer | undefined;
  send(peer: string, data: Uint8Array, write?: Write): void;
  channelData(channel: number, data: Uint8Array): void;
  /** The newest message, parsed. */
  last(): Answer | undefined;
  disconnect(): void;
}

/** Ways in which a test's request differs from a proper one. */
export interface RequestChange {
  readonly transaction?: Uint8Array;
  readonly key?: KeyObject;
  readonly username?: string;
  readonly nonce?: string;
  /** Written behind the integrity attribute. */
  readonly after?: Write;
  readonly fingerprint?: boolean;
  /** Attributes of the algorithm negotiation; default: both if the algorithm isn't MD5. */
  readonly list?: Uint8Array | undefined;
  readonly chosen?: number | undefined;
  readonly sha256?: boolean;
}

export const UDP = 17 << 24;
export const RELAY_IPV4 = "198.51.100.7";
export const RELAY_IPV6 = "2001:db8::7";
const SLAB = 128 * 1024;

/** Writes XOR-PEER-ADDRESS of `address:port` or `[address]:port`; IPv6 spellings of IPv4 stay as they are. */
export function peerAddress(to: StunWriter, peer: string): void {
  const colon = peer.lastIndexOf(":");
  const bytes = parseAddress(peer.slice(0, colon).replace(/[[\]]/g, ""))!;
  const family = bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6;
  to.xorAddressBytes(STUN_ATTRIBUTE.xorPeerAddress, family, bytes, Number(peer.slice(colon + 1)));
}

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
export function createHarness(overrides: Partial<TurnServerOptions> = {}): Harness {
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
      commit: (client, length) => clients[client]!.inbox.push(slab.slice(0, length)),
      retain() {},
      release() {},
      addressOf: client => clients[client]!.address,
      portOf: client => 1024 + client,
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

function createClient(
  harness: Harness,
  inlet: TurnInlet,
  number: number,
  inbox: Uint8Array[],
  options: ClientOptions,
): TestClient {
  const { username = "alice", password = "wonderland", algorithm = STUN_PASSWORD_ALGORITHM.md5 } = options;
  const key = longTermKey(algorithm, username, "tandem", password)!;
  const isSha256 = algorithm === STUN_PASSWORD_ALGORITHM.sha256;
  const writer = createStunWriter();
  const buffer = new Uint8Array(SLAB);

  function read(bytes: Uint8Array): Answer | undefined {
    const message = createStunMessage();
    if (!parseStun(message, bytes, 0, bytes.length)) return undefined;
    const address = createStunAddress();
    return {
      class: message.class,
      method: message.method,
      error: readErrorCode(message),
      length: bytes.length,
      bytes,
      message,
      authentic: verifyIntegrity(message, key) || verifyIntegritySha256(message, key),
      text: type => attributeText(message, type),
      uint32: type => attributeUint32(message, type),
      address(type, index = 0) {
        let at = findAttribute(message, type);
        for (let i = 0; i < index && at >= 0; i++) at = findAttribute(message, type, at);
        if (at < 0 || !readAddress(message, at, true, address)) return undefined;
        const length = address.family === STUN_FAMILY.ipv4 ? 4 : 16;
        return `${formatAddress(address.bytes.subarray(0, length))}:${address.port}`;
      },
    };
  }

  function deliver(length: number): Answer | undefined {
    const before = inbox.length;
    client.raw(buffer.slice(0, length));
    return inbox.length > before ? read(inbox.at(-1)!) : undefined;
  }

  function begin(messageClass: number, method: number, transaction = randomTransaction()): void {
    writer.begin(buffer, 0, messageClass, method, transaction, 0);
  }

  const client: TestClient = {
    number,
    key,
    inbox,
    nonce: "",
    raw: bytes => inlet.receive(number, bytes, 0, bytes.length, harness.now),
    plain(method, write) {
      begin(STUN_CLASS.request, method);
      write?.(writer);
      return deliver(writer.finish());
    },
    request(method, write, change = {}) {
      if (client.nonce === "" && change.nonce === undefined)
        client.nonce =
          client
            .plain(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP))
            ?.text(STUN_ATTRIBUTE.nonce) ?? "";
      begin(STUN_CLASS.request, method, change.transaction);
      write?.(writer);
      writer.text(STUN_ATTRIBUTE.username, change.username ?? username);
      writer.text(STUN_ATTRIBUTE.realm, "tandem");
      writer.text(STUN_ATTRIBUTE.nonce, change.nonce ?? client.nonce);
      const list = "list" in change ? change.list : isSha256 ? passwordAlgorithms([2, 1]) : undefined;
      const chosen = "chosen" in change ? change.chosen : isSha256 ? 2 : undefined;
      if (list) writer.data(STUN_ATTRIBUTE.passwordAlgorithms, list);
      if (chosen !== undefined) writer.uint32(STUN_ATTRIBUTE.passwordAlgorithm, chosen * 0x10000);
      if (change.sha256 ?? isSha256) writer.integritySha256(change.key ?? key);
      else writer.integrity(change.key ?? key);
      change.after?.(writer);
      if (change.fingerprint) writer.fingerprint();
      return deliver(writer.finish());
    },
    allocate: write =>
      client.request(STUN_METHOD.allocate, to => {
        to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP);
        write?.(to);
      }),
    permit: (...peers) =>
      client.request(STUN_METHOD.createPermission, to => {
        for (const peer of peers) peerAddress(to, peer);
      }),
    bind: (channel, peer) =>
      client.request(STUN_METHOD.channelBind, to => {
        to.uint32(STUN_ATTRIBUTE.channelNumber, channel * 0x10000);
        peerAddress(to, peer);
      }),
    send(peer, data, write) {
      begin(STUN_CLASS.indication, STUN_METHOD.send);
      peerAddress(writer, peer);
      write?.(writer);
      writer.data(STUN_ATTRIBUTE.data, data);
      deliver(writer.finish());
    },
    channelData(channel, data) {
      const bytes = new Uint8Array(4 + data.length);
      bytes.set([channel >> 8, channel & 0xff, data.length >> 8, data.length & 0xff]);
      bytes.set(data, 4);
      client.raw(bytes);
    },
    last: () => (inbox.length > 0 ? read(inbox.at(-1)!) : undefined),
    disconnect: () => inlet.closed(number, harness.now),
  };
  return client;
}

let transactions = 0;

function randomTransaction(): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint32(8, ++transactions);
  return bytes;
}

/** The only open relay. */
export function onlyRelay({ open }: Harness): Relay {
  const [relay, ...more] = open;
  if (!relay || more.length > 0) throw new Error(`${open.size} relays are open`);
  return relay;
}

/** Password of a REST user name. */
export { restPassword, restSecret } from "../auth/rest-credentials.ts";
