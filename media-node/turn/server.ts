import { randomBytes } from "node:crypto";
import { createStunAddress, parseAddress } from "../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_COMPREHENDED, STUN_ERROR, STUN_METHOD } from "../stun/constants.ts";
import { verifyFingerprint } from "../stun/integrity.ts";
import { createStunMessage, parseStun, unknownAttributes } from "../stun/message.ts";
import { allocate } from "./allocate.ts";
import type { Allocation, AllocationRecord, EndReason, Relay } from "./allocation.ts";
import { createAuthenticator } from "./auth/authenticator.ts";
import { createNonces } from "./auth/nonce.ts";
import { createRevocations } from "./auth/revocations.ts";
import { createUserDirectory } from "./auth/users.ts";
import type { RelayAddress, RequestHandler, TurnContext, TurnLimits } from "./context.ts";
import { count, createTurnCounters, type TurnCounters } from "./counters.ts";
import type { ClientTransport, LocalPeers, RelayIo } from "./io.ts";
import { channelBind, createPermission } from "./permissions.ts";
import { createPeerPolicy, type PeerPolicyOptions } from "./policy/peer-policy.ts";
import { type AnnouncedAddress, createTranslation } from "./policy/translation.ts";
import { createPortPool } from "./port-pool.ts";
import { createQuotas } from "./quotas.ts";
import { createRandomBelow } from "./random.ts";
import { refresh } from "./refresh.ts";
import { createRelayPath } from "./relay-path.ts";
import type { StunRequest } from "./request.ts";
import { createReservations } from "./reservations.ts";
import { createResponder } from "./responder.ts";
import { createSourceBudget } from "./source-budget.ts";

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
  /** Whether a relay of another worker of this node has the port now. */
  readonly isSiblingRelay?: (family: number, port: number) => boolean;
  /** Challenges a second, and at once, for one source address over UDP; 0: no limit. */
  readonly challenges: { readonly perSecond: number; readonly burst: number };
  /** Shared by workers that listen on one port; default: random. */
  readonly nonceSecret?: Uint8Array;
  /** Seconds that a nonce lives. */
  readonly nonceLifetime: number;
  readonly io: RelayIo;
  readonly local?: LocalPeers;
  readonly unixSeconds: () => number;
  /** An allocation is over: one line for the log. */
  readonly onEnd?: (record: AllocationRecord) => void;
  /** A relay opened or closed, for sibling workers. */
  readonly onRelay?: (family: number, port: number, isOpen: boolean) => void;
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
  /** Ends every allocation; idempotent. */
  close(now: number): void;
}

const HANDLERS = new Map<number, RequestHandler>([
  [STUN_METHOD.allocate, allocate],
  [STUN_METHOD.refresh, refresh],
  [STUN_METHOD.createPermission, createPermission],
  [STUN_METHOD.channelBind, channelBind],
]);

const TURN_COMPREHENDED: readonly number[] = [
  STUN_ATTRIBUTE.channelNumber,
  STUN_ATTRIBUTE.lifetime,
  STUN_ATTRIBUTE.xorPeerAddress,
  STUN_ATTRIBUTE.data,
  STUN_ATTRIBUTE.xorRelayedAddress,
  STUN_ATTRIBUTE.requestedAddressFamily,
  STUN_ATTRIBUTE.evenPort,
  STUN_ATTRIBUTE.requestedTransport,
  STUN_ATTRIBUTE.reservationToken,
];

/** ICE agents sign and prioritise checks that reach us before they learn what we are. */
const BINDING_COMPREHENDED: readonly number[] = [STUN_ATTRIBUTE.priority, STUN_ATTRIBUTE.useCandidate];

/** @throws Error when a static user can't be used */
export function createTurnServer(options: TurnServerOptions): TurnServer {
  const { io, relayAddresses, limits, realm, unixSeconds } = options;
  const counters = createTurnCounters();
  const responder = createResponder(counters);
  const nonces = createNonces(options.nonceSecret ?? randomBytes(32), options.nonceLifetime);
  const revocations = createRevocations();
  const users = createUserDirectory(options);
  const authenticator = createAuthenticator({ realm, users, nonces, revocations, unixSeconds });
  const { perSecond, burst } = options.challenges;
  const budget = createSourceBudget(perSecond, burst, randomBytes(4).readInt32LE());
  const randomBelow = createRandomBelow();
  const pools = new Map(relayAddresses.map(({ family }) => [family, createPortPool(...options.ports, randomBelow)]));
  const openRelays = new Map(relayAddresses.map(({ family }) => [family, new Uint8Array(0x10000)]));
  const allocations = new Set<Allocation>();
  const tables = new Map<ClientTransport, (Allocation | undefined)[]>();
  const comprehended = new Set([...STUN_COMPREHENDED, ...TURN_COMPREHENDED, ...BINDING_COMPREHENDED]);
  if (io.canForbidFragments) comprehended.add(STUN_ATTRIBUTE.dontFragment);
  const unknown = new Uint16Array(16);
  const source = createStunAddress();
  const message = createStunMessage();
  let isClosed = false;

  const isRelay = (family: number) => (port: number) =>
    openRelays.get(family)?.[port] === 1 || (options.isSiblingRelay?.(family, port) ?? false);

  const context: TurnContext = {
    relayAddresses,
    limits,
    io,
    local: options.local,
    counters,
    policy: createPeerPolicy({
      ...options.policy,
      allowances: [
        ...(options.policy?.allowances ?? []),
        ...relayAddresses.map(({ family, local }) => ({
          family,
          address: local,
          admits: isRelay(family),
          kind: "relay" as const,
        })),
      ],
    }),
    translation: createTranslation([...relayAddresses, ...(options.announced ?? [])]),
    quotas: createQuotas(limits.perIdentity, limits.total),
    reservations: createReservations((family, port) => pools.get(family)?.give(port)),
    authenticator,
    responder,
    poolOf: family => pools.get(family),
    find: (transport, client) => tables.get(transport)?.[client],
    admit(allocation) {
      const { transport, client } = allocation;
      transport.retain(client);
      tables.get(transport)![client] = allocation;
      allocations.add(allocation);
    },
    relayOpened({ family, port }) {
      openRelays.get(family)![port] = 1;
      options.onRelay?.(family, port, true);
    },
    end,
    closeRelay,
    onEnd: options.onEnd ?? (() => {}),
  };
  const path = createRelayPath(context, comprehended);
  const request: StunRequest = {
    message,
    transport: undefined as unknown as ClientTransport,
    client: 0,
    allocation: undefined,
    authentication: authenticator.result,
    now: 0,
  };

  function closeRelay(relay: Relay): void {
    for (const { channels } of relay.permissions.values()) for (const { peer } of channels) io.forgetPeer(peer);
    relay.permissions.clear();
    relay.lastPermission = undefined;
    // One that is still being opened is closed when that is done; see `open` in allocate.ts.
    if (relay.handle >= 0) io.close(relay);
    openRelays.get(relay.family)![relay.port] = 0;
    pools.get(relay.family)!.give(relay.port);
    options.onRelay?.(relay.family, relay.port, false);
  }

  function end(allocation: Allocation, reason: EndReason, now: number): void {
    if (allocation.state === "closed") return;
    allocation.state = "closed";
    const { transport, client, identity, scope, createdAt } = allocation;
    const { packetsUp, packetsDown, bytesUp, bytesDown } = allocation;
    for (const relay of allocation.relays) closeRelay(relay);
    allocation.channels.clear();
    allocation.lastChannel = undefined;
    allocations.delete(allocation);
    tables.get(transport)![client] = undefined;
    transport.release(client);
    context.quotas.give(identity);
    count(counters.ended, reason);
    const duration = now - createdAt;
    const counts = { packetsUp, packetsDown, bytesUp, bytesDown };
    context.onEnd({ identity, scope, transport: transport.kind, reason, duration, ...counts });
  }

  /** Whether a source that hasn't proven its address may be answered once more. */
  function mayAnswer(): boolean {
    const { transport, client, now } = request;
    if (transport.kind !== "udp") return true;
    source.family = parseAddress(transport.addressOf(client), source.bytes);
    if (budget.take(source.bytes, source.family, now)) return true;
    counters.silenced++;
    return false;
  }

  function answerBinding(): void {
    const { transport, client } = request;
    if (!mayAnswer()) return;
    request.authentication.key = undefined;
    const found = unknownAttributes(message, comprehended, unknown);
    if (found > 0) {
      responder.unknown(request, unknown, found);
      return;
    }
    counters.binding++;
    const answer = responder.success(request);
    answer.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, transport.addressOf(client), transport.portOf(client));
    responder.finish(transport, client, responder.sealOf(request));
  }

  function answerRequest(): void {
    const { transport, client, allocation, now } = request;
    const handler = HANDLERS.get(message.method);
    const isUnsigned = message.integrityAt < 0 && message.integritySha256At < 0;
    if (!handler || (isUnsigned && !allocation && message.method !== STUN_METHOD.allocate)) {
      // There is nothing here to authenticate for, and a challenge would be three times as long.
      request.authentication.key = undefined;
      if (mayAnswer()) responder.error(request, handler ? STUN_ERROR.allocationMismatch : STUN_ERROR.badRequest);
      return;
    }
    const error = authenticator.check(message, transport.addressOf(client), transport.portOf(client), allocation, now);
    if (error === STUN_ERROR.unauthenticated || error === STUN_ERROR.staleNonce) {
      if (!mayAnswer()) return;
      const nonce = nonces.create(transport.addressOf(client), transport.portOf(client), now);
      responder.challenge(request, error, nonce, realm, authenticator.algorithms);
      return;
    }
    if (error !== 0) {
      if (request.authentication.key || mayAnswer()) responder.error(request, error);
      return;
    }
    const found = unknownAttributes(message, comprehended, unknown);
    if (found > 0) responder.unknown(request, unknown, found);
    else handler(context, request);
  }

  function receiveStun(
    table: (Allocation | undefined)[],
    transport: ClientTransport,
    client: number,
    now: number,
  ): void {
    const allocation = table[client];
    if (message.fingerprintAt >= 0 && !verifyFingerprint(message)) {
      counters.malformed++;
      return;
    }
    if (message.class === STUN_CLASS.indication) {
      if (message.method === STUN_METHOD.send && allocation?.state === "open") path.send(allocation, message, now);
      return;
    }
    if (message.class !== STUN_CLASS.request || isClosed) return;
    request.transport = transport;
    request.client = client;
    request.allocation = allocation;
    request.now = now;
    if (message.method === STUN_METHOD.binding) answerBinding();
    else answerRequest();
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
          const allocation = table[client];
          if (allocation && now >= allocation.expiresAt) end(allocation, "expired", now);
          const first = length > 0 ? bytes[offset]! : 0xff;
          if (first >= 0x40 && first < 0x80) {
            if (allocation?.state === "open") path.channelData(allocation, bytes, offset, length, now);
            else counters.noChannel++;
          } else if (first < 4 && parseStun(message, bytes, offset, length)) {
            receiveStun(table, transport, client, now);
          } else counters.malformed++;
        },
        closed(client, now) {
          const allocation = table[client];
          if (allocation) end(allocation, "disconnected", now);
        },
        hasAllocation: client => table[client] !== undefined,
      };
    },
    receiveFromPeer: path.fromPeer,
    tick(now) {
      context.reservations.sweep(now);
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
    close(now) {
      if (isClosed) return;
      isClosed = true;
      for (const allocation of allocations) end(allocation, "shutdown", now);
    },
  };
}

/** Forgets channels and permissions that have died; a channel keeps its permission's entry, dead or alive. */
function sweepPermissions({ io }: TurnContext, relay: Relay, now: number): void {
  const { channels } = relay.allocation;
  for (const [key, permission] of relay.permissions) {
    for (let i = permission.channels.length - 1; i >= 0; i--) {
      const channel = permission.channels[i]!;
      if (now < channel.until) continue;
      permission.channels.splice(i, 1);
      channels.delete(channel.number);
      if (relay.allocation.lastChannel === channel) relay.allocation.lastChannel = undefined;
      io.forgetPeer(channel.peer);
    }
    if (permission.channels.length > 0 || now < permission.until) continue;
    relay.permissions.delete(key);
    if (relay.lastPermission === permission) relay.lastPermission = undefined;
  }
}
