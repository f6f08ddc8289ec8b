import { STUN_ATTRIBUTE, STUN_CLASS, STUN_ERROR, STUN_FAMILY, STUN_METHOD } from "../stun/constants.ts";
import { attributeLength, findAttribute, hasTransactionId } from "../stun/message.ts";
import type { Allocation, Relay } from "./allocation.ts";
import type { RequestHandler, TurnContext } from "./context.ts";
import { count } from "./counters.ts";
import { grantedLifetime } from "./lifetime.ts";
import {
  DRAFT_ADDITIONAL_ADDRESS_FAMILY,
  DRAFT_ADDRESS_ERROR_CODE,
  MAX_AGE,
  MAX_PORT_TRIES,
  TRANSPORT_TCP,
  TRANSPORT_UDP,
} from "./limits.ts";
import { readFamily } from "./read-family.ts";
import type { StunRequest } from "./request.ts";
import type { Seal } from "./responder.ts";
import { createTokenBucket } from "./token-bucket.ts";

/** What an Allocate request asks for. */
interface Wish {
  /** Families of the relays; the second is the additional one, which may fail alone. */
  readonly families: readonly number[];
  readonly even: boolean;
  readonly reserve: boolean;
  readonly token: Uint8Array | undefined;
  readonly tcp: boolean;
}

/** What makes no sense for TCP. */
const UDP_ONLY = [STUN_ATTRIBUTE.reservationToken, STUN_ATTRIBUTE.evenPort, STUN_ATTRIBUTE.dontFragment];

/** Reads the wish, or the error that it deserves (RFC 8656 §7.2, steps 3 to 8; RFC 6062 §5.1). */
function readWish(context: TurnContext, { message, transport }: StunRequest): Wish | number {
  const { bytes } = message;
  const transportAt = findAttribute(message, STUN_ATTRIBUTE.requestedTransport);
  if (transportAt < 0 || attributeLength(message, transportAt) !== 4) return STUN_ERROR.badRequest;
  const tcp = context.tcp !== undefined && bytes[transportAt + 4] === TRANSPORT_TCP;
  if (!tcp && bytes[transportAt + 4] !== TRANSPORT_UDP) return STUN_ERROR.unsupportedTransport;
  if (tcp) {
    const isStream = transport.kind === "tcp" || transport.kind === "tls";
    if (!isStream || UDP_ONLY.some(type => findAttribute(message, type) >= 0)) return STUN_ERROR.badRequest;
  }

  const tokenAt = findAttribute(message, STUN_ATTRIBUTE.reservationToken);
  const evenAt = findAttribute(message, STUN_ATTRIBUTE.evenPort);
  const family = readFamily(message, STUN_ATTRIBUTE.requestedAddressFamily);
  const additional =
    readFamily(message, STUN_ATTRIBUTE.additionalAddressFamily) || readFamily(message, DRAFT_ADDITIONAL_ADDRESS_FAMILY);
  if (family < 0 || additional < 0) return STUN_ERROR.badRequest;
  if (tokenAt >= 0) {
    const isAlone = evenAt < 0 && family === 0 && additional === 0;
    if (!isAlone || attributeLength(message, tokenAt) !== 8) return STUN_ERROR.badRequest;
    return { families: [], even: false, reserve: false, tcp, token: bytes.slice(tokenAt + 4, tokenAt + 12) };
  }
  if (evenAt >= 0 && attributeLength(message, evenAt) !== 1) return STUN_ERROR.badRequest;
  const even = evenAt >= 0;
  const reserve = even && (bytes[evenAt + 4]! & 0x80) !== 0;
  if (additional !== 0) {
    if (family !== 0 || reserve || additional !== STUN_FAMILY.ipv6) return STUN_ERROR.badRequest;
    return { families: [STUN_FAMILY.ipv4, STUN_FAMILY.ipv6], even, reserve, tcp, token: undefined };
  }
  return { families: [family || STUN_FAMILY.ipv4], even, reserve, tcp, token: undefined };
}

/** Allocate (RFC 8656 §7.2). The answer leaves once the relay's sockets are open. */
export const allocate: RequestHandler = (context, request) => {
  const { message, allocation: existing, authentication } = request;
  const { responder, quotas } = context;
  if (existing) {
    // A retransmission gets the answer that may have been lost; while sockets are being opened, it waits.
    const isRepeated = hasTransactionId(message, existing.transaction);
    if (!isRepeated) responder.error(request, STUN_ERROR.allocationMismatch);
    else if (existing.state === "open") answer(context, existing, responder.sealOf(request));
    return;
  }
  if (context.refusesNew(request.transport, request.client)) {
    responder.error(request, STUN_ERROR.insufficientCapacity, "draining");
    return;
  }
  const wish = readWish(context, request);
  if (typeof wish === "number") {
    responder.error(request, wish);
    return;
  }
  const isMobile = context.mobility?.isWanted(message) ?? 0;
  if (isMobile < 0) {
    responder.error(request, STUN_ERROR.badRequest);
    return;
  }
  const { families } = wish;
  const missing = families.filter(family => !context.poolOf(family));
  if (missing.length > 0 && missing.length === families.length) {
    responder.error(request, STUN_ERROR.addressFamilyNotSupported);
    return;
  }
  if (!quotas.take(authentication.identity)) {
    responder.error(request, STUN_ERROR.allocationQuotaReached);
    return;
  }
  const allocation = createAllocation(context, request, wish.tcp);
  const hasPorts = wish.token
    ? takeReserved(context, allocation, wish.token, request.now)
    : takePorts(context, allocation, wish, request.now);
  if (!hasPorts) {
    for (const relay of allocation.relays) context.poolOf(relay.family)?.give(relay.port);
    quotas.give(allocation.identity);
    responder.error(request, STUN_ERROR.insufficientCapacity);
    return;
  }
  // TCP's connections with peers hang on the client's own.
  if (isMobile > 0 && !wish.tcp) context.mobility?.enroll(allocation);
  context.admit(allocation);
  open(context, allocation, wish, responder.sealOf(request), request.now);
};

function createAllocation(context: TurnContext, request: StunRequest, tcp: boolean): Allocation {
  const { message, transport, client, authentication, now } = request;
  const { username, identity, scope, key } = authentication;
  const lifetime = grantedLifetime(message, now, now + MAX_AGE) || 0;
  return {
    transport,
    client,
    mobile: undefined,
    username,
    identity,
    scope,
    key: key!,
    createdAt: now,
    deadline: now + MAX_AGE,
    transaction: message.bytes.slice(message.start + 8, message.start + 20),
    grantedLifetime: lifetime,
    relays: [],
    state: "opening",
    expiresAt: now + lifetime * 1000,
    reservation: undefined,
    additionalError: 0,
    links: tcp ? new Set() : undefined,
    channels: new Map(),
    lastChannel: undefined,
    up: createTokenBucket(context.limits.bytesPerSecond, now),
    down: createTokenBucket(context.limits.bytesPerSecond, now),
    packetsUp: 0,
    packetsDown: 0,
    bytesUp: 0,
    bytesDown: 0,
  };
}

function addRelay(allocation: Allocation, family: number, port: number): void {
  allocation.relays.push({
    allocation,
    family,
    port,
    handle: -1,
    lastPermission: undefined,
    permissions: new Map(),
  });
}

function takeReserved(context: TurnContext, allocation: Allocation, token: Uint8Array, now: number): boolean {
  const reservation = context.reservations.take(token, allocation.identity, now);
  if (!reservation) return false;
  addRelay(allocation, reservation.family, reservation.port);
  return true;
}

/** Takes a port for each family; false where the first, or the only one, gets none. */
function takePorts(context: TurnContext, allocation: Allocation, wish: Wish, now: number): boolean {
  for (const [i, family] of wish.families.entries()) {
    const pool = context.poolOf(family);
    const port = !pool ? 0 : wish.reserve ? pool.takePair() : pool.take(wish.even);
    if (port !== 0) {
      addRelay(allocation, family, port);
      if (wish.reserve) allocation.reservation = context.reservations.add(allocation.identity, family, port + 1, now);
    } else if (wish.families.length === 1) return false;
    else
      allocation.additionalError =
        family * 1000 + (pool ? STUN_ERROR.insufficientCapacity : STUN_ERROR.addressFamilyNotSupported);
    if (i === 1 && allocation.relays.length === 0) return false;
  }
  return true;
}

/** Opens the sockets, trying other ports where some are taken by strangers, then answers. */
function open(context: TurnContext, allocation: Allocation, wish: Wish, seal: Seal, now: number): void {
  let waiting = allocation.relays.length;

  function settle(relay: Relay, ok: boolean): void {
    if (allocation.state === "closed") {
      if (ok) context.io.close(relay);
      return;
    }
    if (ok) context.relayOpened(relay);
    else {
      context.poolOf(relay.family)?.give(relay.port);
      allocation.relays.splice(allocation.relays.indexOf(relay), 1);
      allocation.additionalError = relay.family * 1000 + STUN_ERROR.insufficientCapacity;
    }
    if (--waiting > 0) return;
    if (allocation.relays.length === 0) {
      fail(context, allocation, seal, now);
      return;
    }
    allocation.state = "open";
    context.counters.allocated++;
    answer(context, allocation, seal);
  }

  for (const relay of [...allocation.relays]) {
    let tries = 0;
    const attempt = (): void =>
      context.io.open(relay, ok => {
        const pool = context.poolOf(relay.family);
        // A port that was promised, or whose neighbour was, can't be swapped for another.
        const mayMove = wish.token === undefined && !wish.reserve && ++tries < MAX_PORT_TRIES;
        const next = ok || !mayMove || allocation.state === "closed" ? 0 : (pool?.take(wish.even) ?? 0);
        if (next === 0) {
          settle(relay, ok);
          return;
        }
        pool?.give(relay.port);
        relay.port = next;
        attempt();
      });
    attempt();
  }
}

function fail(context: TurnContext, allocation: Allocation, seal: Seal, now: number): void {
  const { transport, client, transaction } = allocation;
  count(context.counters.errors, STUN_ERROR.insufficientCapacity);
  const message = context.responder.begin(transport, STUN_CLASS.error, STUN_METHOD.allocate, transaction, 0);
  message.errorCode(STUN_ERROR.insufficientCapacity);
  context.responder.finish(transport, client, seal);
  context.end(allocation, "failed", now);
}

/** The success response; the same each time it is asked for. */
function answer(context: TurnContext, allocation: Allocation, seal: Seal): void {
  const { transport, client, transaction } = allocation;
  const message = context.responder.begin(transport, STUN_CLASS.success, STUN_METHOD.allocate, transaction, 0);
  for (const relay of allocation.relays) {
    const at = context.relayAddresses.find(({ family }) => family === relay.family);
    if (at) message.xorAddressBytes(STUN_ATTRIBUTE.xorRelayedAddress, relay.family, at.announced, relay.port);
  }
  message.uint32(STUN_ATTRIBUTE.lifetime, allocation.grantedLifetime);
  message.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, transport.addressOf(client), transport.portOf(client));
  const ticket = context.mobility?.ticketOf(allocation);
  if (ticket !== undefined) message.text(STUN_ATTRIBUTE.mobilityTicket, ticket);
  if (allocation.reservation) message.data(STUN_ATTRIBUTE.reservationToken, allocation.reservation);
  if (allocation.additionalError !== 0) {
    const family = Math.floor(allocation.additionalError / 1000);
    const code = allocation.additionalError % 1000;
    // Family, reserved bits, class and number (RFC 8656 §18.11).
    const value = ((family << 24) | (Math.floor(code / 100) << 8) | (code % 100)) >>> 0;
    message.uint32(STUN_ATTRIBUTE.addressErrorCode, value);
    message.uint32(DRAFT_ADDRESS_ERROR_CODE, value);
  }
  context.responder.finish(transport, client, seal);
}
