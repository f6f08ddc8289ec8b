import { STUN_ATTRIBUTE, STUN_ERROR } from "../stun/constants.ts";
import { findAttribute } from "../stun/message.ts";
import { type Allocation, relayOf } from "./allocation.ts";
import type { RequestHandler, TurnContext } from "./context.ts";
import { grantedLifetime } from "./lifetime.ts";
import { readFamily } from "./read-family.ts";
import type { StunRequest } from "./request.ts";

/**
 * The allocation that a Refresh is about: that of its 5-tuple, or the one that its ticket brings there (RFC 8016 §3.2).
 * Whoever refreshes has proven the new address, since the nonce was made for it.
 * @returns an error code where there is none
 */
function allocationOf(context: TurnContext, request: StunRequest): Allocation | number {
  const { message, allocation: current, authentication } = request;
  const { mobility } = context;
  const at = mobility ? findAttribute(message, STUN_ATTRIBUTE.mobilityTicket) : -1;
  if (!mobility || at < 0) return current ?? STUN_ERROR.allocationMismatch;
  const allocation = mobility.redeem(message, at, current);
  if (allocation?.state !== "open" || (current && allocation !== current)) return STUN_ERROR.badRequest;
  if (allocation.username !== authentication.username) return STUN_ERROR.wrongCredentials;
  if (allocation !== current) {
    context.move(allocation, request.transport, request.client);
    allocation.mobile!.generation++;
    context.counters.moved++;
  }
  return allocation;
}

/** Refresh (RFC 8656 §8.2): prolongs an allocation, ends it, or ends one family of a dual one. */
export const refresh: RequestHandler = (context, request) => {
  const { message, now } = request;
  const { responder } = context;
  const allocation = allocationOf(context, request);
  if (typeof allocation === "number") return responder.error(request, allocation);
  const family = readFamily(message, STUN_ATTRIBUTE.requestedAddressFamily);
  if (family < 0) return responder.error(request, STUN_ERROR.badRequest);
  const relay = family === 0 ? undefined : relayOf(allocation, family);
  if (family !== 0 && !relay) return responder.error(request, STUN_ERROR.peerAddressFamilyMismatch);

  const lifetime = grantedLifetime(message, now, allocation.deadline);
  const isPart = relay !== undefined && allocation.relays.length > 1;
  if (lifetime > 0) allocation.expiresAt = now + lifetime * 1000;
  else if (isPart) {
    context.closeRelay(relay);
    allocation.relays.splice(allocation.relays.indexOf(relay), 1);
    for (const [number, channel] of allocation.channels)
      if (channel.permission.family === family) allocation.channels.delete(number);
    allocation.lastChannel = undefined;
  }
  context.counters.refreshed++;
  const answer = responder.success(request);
  answer.uint32(STUN_ATTRIBUTE.lifetime, lifetime);
  const ticket = lifetime > 0 ? context.mobility?.ticketOf(allocation) : undefined;
  if (ticket !== undefined) answer.text(STUN_ATTRIBUTE.mobilityTicket, ticket);
  responder.finish(request.transport, request.client, responder.sealOf(request));
  if (lifetime === 0 && !isPart) context.end(allocation, "released", now);
};
