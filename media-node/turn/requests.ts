import { createStunAddress, parseAddress } from "../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_COMPREHENDED, STUN_ERROR, STUN_METHOD } from "../stun/constants.ts";
import { createStunMessage, findAttribute, type StunMessage, unknownAttributes } from "../stun/message.ts";
import { allocate } from "./allocate.ts";
import type { Allocation } from "./allocation.ts";
import type { Nonces } from "./auth/nonce.ts";
import type { RequestHandler, TurnContext } from "./context.ts";
import { createDiscovery, DISCOVERY_COMPREHENDED, type DiscoveryWish, readDiscovery } from "./discovery/discovery.ts";
import type { ClientTransport, RelayIo } from "./io.ts";
import { channelBind, createPermission } from "./permissions.ts";
import { refresh } from "./refresh.ts";
import type { StunRequest } from "./request.ts";
import type { SourceBudget } from "./source-budget.ts";
import { connect, connectionBind } from "./tcp/tcp-requests.ts";

const HANDLERS = new Map<number, RequestHandler>([
  [STUN_METHOD.allocate, allocate],
  [STUN_METHOD.refresh, refresh],
  [STUN_METHOD.createPermission, createPermission],
  [STUN_METHOD.channelBind, channelBind],
  [STUN_METHOD.connect, connect],
  [STUN_METHOD.connectionBind, connectionBind],
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
  STUN_ATTRIBUTE.connectionId,
];

/** ICE agents sign and prioritise checks that reach us before they learn what we are. */
const BINDING_COMPREHENDED: readonly number[] = [STUN_ATTRIBUTE.priority, STUN_ATTRIBUTE.useCandidate];

/** What requests and indications may hold (RFC 8489 §6.3.1). */
export function comprehendedAttributes({ canForbidFragments }: RelayIo): ReadonlySet<number> {
  const all = [...STUN_COMPREHENDED, ...TURN_COMPREHENDED, ...BINDING_COMPREHENDED];
  return new Set(canForbidFragments ? [...all, STUN_ATTRIBUTE.dontFragment] : all);
}

export interface RequestsOptions {
  readonly realm: string;
  readonly nonces: Nonces;
  readonly comprehended: ReadonlySet<number>;
  readonly budget: SourceBudget;
  /** Whether a relay of this node is at an address. */
  readonly isRelay: (address: string, port: number) => boolean;
}

/** Authenticates requests and takes them to their handlers. */
export interface Requests {
  answer(
    message: StunMessage,
    transport: ClientTransport,
    client: number,
    allocation: Allocation | undefined,
    now: number,
  ): void;
}

export function createRequests(context: TurnContext, options: RequestsOptions): Requests {
  const { realm, nonces, comprehended, budget, isRelay } = options;
  const { counters, responder, authenticator } = context;
  const source = createStunAddress();
  const unknown = new Uint16Array(16);
  const discovery = createDiscovery();
  const wish: DiscoveryWish = { change: 0, responsePort: 0, padding: -1 };
  const discovering = new Set([...comprehended, ...DISCOVERY_COMPREHENDED]);
  const request: StunRequest = {
    message: createStunMessage(),
    transport: undefined as unknown as ClientTransport,
    client: 0,
    allocation: undefined,
    authentication: authenticator.result,
    now: 0,
  };

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
    const { message, transport, client } = request;
    if (!mayAnswer()) return;
    request.authentication.key = undefined;
    const port = transport.discovery?.origin(client, 0) && transport.discovery;
    const found = unknownAttributes(message, port ? discovering : comprehended, unknown);
    if (found > 0) {
      responder.unknown(request, unknown, found);
      return;
    }
    const refusal = port ? readDiscovery(message, wish) : 0;
    if (refusal !== 0) {
      responder.error(request, refusal);
      return;
    }
    counters.binding++;
    if (port) {
      const mapped = { address: transport.addressOf(client), port: transport.portOf(client) };
      discovery.answer(port, message, wish, client, mapped, message.fingerprintAt >= 0);
      return;
    }
    const answer = responder.success(request);
    answer.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, transport.addressOf(client), transport.portOf(client));
    responder.finish(transport, client, responder.sealOf(request));
  }

  /** Why an unsigned request isn't even worth a challenge, which would be three times as long; 0 if it is. */
  function unsignedRefusal(): number {
    const { message, allocation } = request;
    if (message.method === STUN_METHOD.allocate)
      return findAttribute(message, STUN_ATTRIBUTE.requestedTransport) < 0 ? STUN_ERROR.badRequest : 0;
    // A client's second connection, which has no allocation (RFC 6062 §5.4).
    if (context.tcp && message.method === STUN_METHOD.connectionBind) return 0;
    const hasTicket = context.mobility && findAttribute(message, STUN_ATTRIBUTE.mobilityTicket) >= 0;
    return allocation || hasTicket ? 0 : STUN_ERROR.allocationMismatch;
  }

  function answerRequest(): void {
    const { message, transport, client, allocation, now } = request;
    const handler = HANDLERS.get(message.method);
    const isSigned = message.integrityAt >= 0 || message.integritySha256At >= 0;
    const refusal = handler ? (isSigned ? 0 : unsignedRefusal()) : STUN_ERROR.badRequest;
    if (refusal !== 0) {
      request.authentication.key = undefined;
      if (mayAnswer()) responder.error(request, refusal);
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
    else handler?.(context, request);
  }

  return {
    answer(message, transport, client, allocation, now) {
      request.message = message;
      request.transport = transport;
      request.client = client;
      request.allocation = allocation;
      request.now = now;
      if (message.method === STUN_METHOD.binding) answerBinding();
      // Relays behind relays would carry one packet many times over.
      else if (!allocation && isRelay(transport.addressOf(client), transport.portOf(client))) counters.forbidden++;
      else answerRequest();
    },
  };
}
