import { createHmac, randomBytes } from "node:crypto";
import { STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { verifyFingerprint } from "../stun/integrity.ts";
import { createStunMessage, parseStun } from "../stun/message.ts";
import type { Allocation, AllocationRecord, EndReason, Relay } from "./allocation.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { createNonces } from "./auth/nonce.ts";
import { createRevocations } from "./auth/revocations.ts";
import { createUserDirectory } from "./auth/users.ts";
import type { RelayAddress, TurnContext, TurnLimits } from "./context.ts";
import { type Copy, copyByView } from "./copy.ts";
import { count, createTurnCounters, type TurnCounters } from "./counters.ts";
import type { ClientTransport, LocalPeers, RelayIo } from "./io.ts";
import { createMobility } from "./mobility.ts";
import type { TurnNews } from "./news.ts";
import { createOpenRelays, relayAllowances } from "./open-relays.ts";
import { createPeerPolicy, type PeerPolicyOptions } from "./policy/peer-policy.ts";
import { type AnnouncedAddress, createTranslation } from "./policy/translation.ts";
import { createPortPool } from "./port-pool.ts";
import { createQuotas } from "./quotas.ts";
import { createRandomBelow } from "./random.ts";
import { createRelayPath } from "./relay-path.ts";
import { comprehendedAttributes, createRequests } from "./requests.ts";
import { createReservations } from "./reservations.ts";
import { createResponder } from "./responder.ts";
import { createSourceBudget } from "./source-budget.ts";
import { sweepPermissions } from "./sweep.ts";
import type { TcpRelayEvents, TcpRelayIo } from "./tcp/peer-link.ts";
import { createTcpRelays } from "./tcp/tcp-relays.ts";

export interface TurnServerOptions {
  readonly realm: string;
  /** Shared secrets of `expiry:…` user names, and users with passwords. */
  readonly secrets?: readonly string[];
  readonly users?: Readonly<Record<string, string>>;
  /** At most one address a family. */
  readonly relayAddresses: readonly RelayAddress[];
  /** Other addresses of ours that are known by announced ones. */
  readonly announced?: readonly AnnouncedAddress[];
  /** First and last relay port of this worker. */
  readonly ports: readonly [number, number];
  readonly limits: TurnLimits;
  readonly policy?: PeerPolicyOptions;
  /** Challenges a second, and at once, for one source address over UDP; 0: no limit. */
  readonly challenges: { readonly perSecond: number; readonly burst: number };
  /** Shared by workers that listen on one port; default: random. */
  readonly nonceSecret?: Uint8Array;
  /** Seconds that a nonce lives. */
  readonly nonceLifetime: number;
  /** When this process's clock was 0, in milliseconds since 1970: workers that share a secret need one time. */
  readonly timeOrigin?: number;
  /** Allocations may move with their clients' addresses (RFC 8016); default: no. */
  readonly mobility?: boolean;
  readonly io: RelayIo;
  /** Sockets of TCP relays (RFC 6062); absent: relays are UDP's alone. */
  readonly tcp?: TcpRelayIo;
  readonly local?: LocalPeers;
  /** How payloads are copied; default: as every runtime can. */
  readonly copy?: Copy;
  readonly unixSeconds: () => number;
  /** An allocation is over: one line for the log. */
  readonly onEnd?: (record: AllocationRecord) => void;
  /** Something that workers beside this one must know, and be given to `hear`; absent: there are none. */
  readonly tell?: (news: TurnNews) => void;
}

/** What a transport hands its clients' bytes to. */
export interface TurnInlet {
  /** One whole message: a datagram, or a frame of a stream. `bytes` are the callee's until it returns. */
  receive(client: number, bytes: Uint8Array, offset: number, length: number, now: number): void;
  /** The client's connection is gone. */
  closed(client: number, now: number): void;
  hasAllocation(client: number): boolean;
}

/** A TURN and STUN server (RFC 8656, RFC 8489), without sockets, clock or timers. */
export interface TurnServer {
  readonly counters: TurnCounters;
  readonly allocations: number;
  /** Free relay ports of a family. */
  freePorts(family: number): number;
  attach(transport: ClientTransport): TurnInlet;
  /** What sockets of TCP relays report to. */
  readonly tcp: TcpRelayEvents | undefined;
  /** A datagram came to a relay; `address` as its socket spells it. Sessions of this worker answer the same way. */
  receiveFromPeer(
    relay: Relay,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: string,
    port: number,
    now: number,
  ): void;
  /** To be called about once a second: lifetimes end here. */
  tick(now: number): void;
  /** Closes what an identity has, and refuses it until `until` (seconds since 1970). */
  revoke(identity: string, until: number, now: number): void;
  /** Takes these secrets beside those of its options, in place of those it took before. */
  arm(secrets: readonly string[]): void;
  /** Another worker's news. */
  hear(news: TurnNews, now: number): void;
  /** Refuses new allocations from now on, but for clients that stay; those that run go on. */
  drain(): void;
  /** Ends every allocation; idempotent. */
  close(now: number): void;
}

/** @throws Error when a static user can't be used */
export function createTurnServer(options: TurnServerOptions): TurnServer {
  const { io, relayAddresses, limits, realm, unixSeconds, tell } = options;
  const nonceSecret = options.nonceSecret ?? randomBytes(32);
  const counters = createTurnCounters();
  const responder = createResponder(counters);
  const nonces = createNonces(nonceSecret, options.nonceLifetime, options.timeOrigin);
  const revocations = createRevocations();
  const users = createUserDirectory(options);
  const authenticator = createAuthenticator({ realm, users, nonces, revocations, unixSeconds });
  const randomBelow = createRandomBelow();
  const pools = new Map(relayAddresses.map(({ family }) => [family, createPortPool(...options.ports, randomBelow)]));
  const openRelays = createOpenRelays(relayAddresses);
  const allocations = new Set<Allocation>();
  const tables = new Map<ClientTransport, (Allocation | undefined)[]>();
  const message = createStunMessage();
  let isDraining = false;
  let isClosed = false;

  const policy = createPeerPolicy({
    ...options.policy,
    allowances: [...(options.policy?.allowances ?? []), ...relayAllowances(relayAddresses, openRelays)],
  });
  const context: TurnContext = {
    relayAddresses,
    limits,
    io,
    local: options.local,
    copy: options.copy ?? copyByView,
    counters,
    policy,
    tcp: options.tcp && createTcpRelays({ responder, counters, policy, limits }, options.tcp),
    translation: createTranslation([...relayAddresses, ...(options.announced ?? [])]),
    quotas: createQuotas(
      limits.perIdentity,
      limits.total,
      tell && ((identity, change) => tell({ type: "held", identity, change })),
    ),
    reservations: createReservations((family, port) => pools.get(family)?.give(port)),
    authenticator,
    responder,
    poolOf: family => pools.get(family),
    mobility: options.mobility ? createMobility() : undefined,
    admit(allocation) {
      hold(allocation);
      allocations.add(allocation);
    },
    move(allocation, transport, client) {
      letGo(allocation);
      allocation.transport = transport;
      allocation.client = client;
      hold(allocation);
    },
    relayOpened({ family, port }) {
      openRelays.set(family, port, true);
      tell?.({ type: "relay", family, port, open: true });
    },
    end,
    closeRelay,
    refusesNew: (transport, client) => isDraining && !transport.stays?.(client),
    onEnd: options.onEnd ?? (() => {}),
  };
  const comprehended = comprehendedAttributes(io);
  const path = createRelayPath(context, comprehended);
  const budget = createSourceBudget({
    ...options.challenges,
    seed: createHmac("sha256", nonceSecret).update("source budget").digest().readInt32LE(),
    ...(tell && { onSpent: (source, answers) => tell({ type: "spent", source, answers }) }),
  });
  const requests = createRequests(context, {
    realm,
    nonces,
    comprehended,
    budget,
    isRelay: openRelays.isAt,
  });

  function hold(allocation: Allocation): void {
    const { transport, client } = allocation;
    transport.retain(client);
    tables.get(transport)![client] = allocation;
  }

  function letGo({ transport, client }: Allocation): void {
    if (client < 0) return;
    tables.get(transport)![client] = undefined;
    transport.release(client);
  }

  function closeRelay(relay: Relay): void {
    for (const { channels } of relay.permissions.values()) for (const { peer } of channels) io.forgetPeer(peer);
    relay.permissions.clear();
    relay.lastPermission = undefined;
    // One that is still being opened is closed when that is done; see `open` in allocate.ts.
    if (relay.handle >= 0) io.close(relay);
    options.local?.closed(relay);
    const { family, port } = relay;
    openRelays.set(family, port, false);
    pools.get(family)!.give(port);
    tell?.({ type: "relay", family, port, open: false });
  }

  function end(allocation: Allocation, reason: EndReason, now: number): void {
    if (allocation.state === "closed") return;
    allocation.state = "closed";
    const { transport, identity, scope, createdAt } = allocation;
    const { packetsUp, packetsDown, bytesUp, bytesDown } = allocation;
    context.tcp?.end(allocation);
    for (const relay of allocation.relays) closeRelay(relay);
    allocation.channels.clear();
    allocation.lastChannel = undefined;
    allocations.delete(allocation);
    letGo(allocation);
    context.mobility?.forget(allocation);
    context.quotas.give(identity);
    count(counters.ended, reason);
    const duration = now - createdAt;
    const counts = { packetsUp, packetsDown, bytesUp, bytesDown };
    context.onEnd({ identity, scope, transport: transport.kind, reason, duration, ...counts });
  }

  return {
    counters,
    get allocations() {
      return allocations.size;
    },
    freePorts: family => pools.get(family)?.free ?? 0,
    attach(transport) {
      const table: (Allocation | undefined)[] = [];
      tables.set(transport, table);
      return {
        receive(client, bytes, offset, length, now) {
          let allocation = table[client];
          if (allocation && now >= allocation.expiresAt) {
            end(allocation, "expired", now);
            allocation = undefined;
          }
          const first = length > 0 ? bytes[offset]! : 0xff;
          if (first >= 0x40 && first < 0x80) {
            if (allocation?.state === "open") path.channelData(allocation, bytes, offset, length, now);
            else counters.noChannel++;
          } else if (first >= 4 || !parseStun(message, bytes, offset, length)) counters.malformed++;
          else if (message.fingerprintAt >= 0 && !verifyFingerprint(message)) counters.malformed++;
          else if (message.class === STUN_CLASS.request) {
            if (!isClosed) requests.answer(message, transport, client, allocation, now);
          } else if (message.class === STUN_CLASS.indication && message.method === STUN_METHOD.send) {
            if (allocation?.state === "open" && !allocation.links) path.send(allocation, message, now);
          }
        },
        closed(client, now) {
          const allocation = table[client];
          if (!allocation) return;
          if (allocation.mobile && allocation.state === "open") {
            letGo(allocation);
            allocation.client = -1;
          } else end(allocation, "disconnected", now);
        },
        hasAllocation: client => table[client] !== undefined,
      };
    },
    tcp: context.tcp,
    receiveFromPeer: path.fromPeer,
    tick(now) {
      context.reservations.sweep(now);
      context.tcp?.tick(now);
      revocations.sweep(unixSeconds());
      for (const allocation of allocations) {
        if (now >= allocation.expiresAt) end(allocation, "expired", now);
        else for (const relay of allocation.relays) sweepPermissions(context, relay, now);
      }
    },
    revoke(identity, until, now) {
      revocations.add(identity, until);
      for (const allocation of allocations) if (allocation.identity === identity) end(allocation, "revoked", now);
    },
    arm: users.arm,
    hear(news, now) {
      if (news.type === "relay") openRelays.set(news.family, news.port, news.open);
      else if (news.type === "held") context.quotas.sibling(news.identity, news.change);
      else budget.sibling(news.source, news.answers, now);
    },
    drain() {
      isDraining = true;
    },
    close(now) {
      if (isClosed) return;
      isClosed = true;
      for (const allocation of allocations) end(allocation, "shutdown", now);
    },
  };
}
