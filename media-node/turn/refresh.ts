import { STUN_ATTRIBUTE, STUN_ERROR } from "../stun/constants.ts";
import { relayOf } from "./allocation.ts";
import type { RequestHandler } from "./context.ts";
import { grantedLifetime } from "./lifetime.ts";
import { readFamily } from "./read-family.ts";

/** Refresh (RFC 8656 §8.2): prolongs an allocation, ends it, or ends one family of a dual one. */
export const refresh: RequestHandler = (context, request) => {
  const { message, allocation, now } = request;
  const { responder } = context;
  if (!allocation) return responder.error(request, STUN_ERROR.allocationMismatch);
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
  responder.success(request).uint32(STUN_ATTRIBUTE.lifetime, lifetime);
  responder.finish(request.transport, request.client, responder.sealOf(request));
  if (lifetime === 0 && !isPart) context.end(allocation, "released", now);
};
