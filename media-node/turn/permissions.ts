import { formatAddress } from "../net/address.ts";
import { createStunAddress, type StunAddress } from "../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_ERROR } from "../stun/constants.ts";
import { attributeUint32, findAttribute, readAddress } from "../stun/message.ts";
import { type Allocation, type Permission, type Relay, relayOf } from "./allocation.ts";
import type { RequestHandler, TurnContext } from "./context.ts";
import { CHANNEL_LIFETIME, MAX_CHANNELS, MAX_PERMISSIONS, MIN_CHANNEL, PERMISSION_LIFETIME } from "./limits.ts";
import { addressLength } from "./read-family.ts";

const peer = createStunAddress();

/** Installs a permission or prolongs it; undefined when the allocation has as many as it may. */
function permit(context: TurnContext, relay: Relay, address: StunAddress, now: number): Permission | undefined {
  const length = addressLength(address.family);
  const key = formatAddress(address.bytes.subarray(0, length));
  const held = relay.permissions.get(key);
  if (held) {
    held.until = now + PERMISSION_LIFETIME;
    return held;
  }
  if (relay.permissions.size >= MAX_PERMISSIONS) return undefined;
  const bytes = address.bytes.slice(0, length);
  const permission: Permission = {
    family: address.family,
    key,
    ipv4: length === 4 ? Buffer.from(bytes).readUInt32BE() : -1,
    address: bytes,
    wire: context.translation.toAnnounced(bytes),
    restricted: context.policy.isRestricted(bytes, address.family, relay.allocation.scope),
    channels: [],
    until: now + PERMISSION_LIFETIME,
  };
  relay.permissions.set(key, permission);
  return permission;
}

/** CreatePermission (RFC 8656 §10.2): all of its peers, or none. */
export const createPermission: RequestHandler = (context, request) => {
  const { message, allocation, now } = request;
  const { responder, policy, translation } = context;
  if (!allocation) return responder.error(request, STUN_ERROR.allocationMismatch);
  let at = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress);
  if (at < 0) return responder.error(request, STUN_ERROR.badRequest);
  for (; at >= 0; at = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress, at)) {
    if (!readAddress(message, at, true, peer)) return responder.error(request, STUN_ERROR.badRequest);
    if (!relayOf(allocation, peer.family)) return responder.error(request, STUN_ERROR.peerAddressFamilyMismatch);
    translation.toLocal(peer);
    if (!policy.admitsAddress(peer.bytes, peer.family, allocation.scope)) {
      context.counters.forbidden++;
      return responder.error(request, STUN_ERROR.forbidden);
    }
  }
  at = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress);
  for (; at >= 0; at = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress, at)) {
    readAddress(message, at, true, peer);
    translation.toLocal(peer);
    const relay = relayOf(allocation, peer.family);
    if (!relay || !permit(context, relay, peer, now)) return responder.error(request, STUN_ERROR.insufficientCapacity);
  }
  context.counters.permitted++;
  responder.success(request);
  responder.finish(request.transport, request.client, responder.sealOf(request));
};

/** ChannelBind (RFC 8656 §12.2). */
export const channelBind: RequestHandler = (context, request) => {
  const { message, allocation, now } = request;
  const { responder } = context;
  if (!allocation) return responder.error(request, STUN_ERROR.allocationMismatch);
  // TCP relays have connections instead (RFC 6062 §3).
  if (allocation.links) return responder.error(request, STUN_ERROR.forbidden);
  const number = attributeUint32(message, STUN_ATTRIBUTE.channelNumber) >>> 16;
  const at = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress);
  const isRead = at >= 0 && readAddress(message, at, true, peer);
  if (!isRead || number < MIN_CHANNEL || number > context.limits.maxChannel)
    return responder.error(request, STUN_ERROR.badRequest);
  const relay = relayOf(allocation, peer.family);
  if (!relay) return responder.error(request, STUN_ERROR.peerAddressFamilyMismatch);
  context.translation.toLocal(peer);
  if (!context.policy.admits(peer.bytes, peer.family, peer.port, allocation.scope)) {
    context.counters.forbidden++;
    return responder.error(request, STUN_ERROR.forbidden);
  }
  const error = bind(context, allocation, relay, number, now);
  if (error !== 0) return responder.error(request, error);
  context.counters.bound++;
  responder.success(request);
  responder.finish(request.transport, request.client, responder.sealOf(request));
};

/** Binds `peer` to a channel number; returns 0 or an error code. */
function bind(context: TurnContext, allocation: Allocation, relay: Relay, number: number, now: number): number {
  const key = formatAddress(peer.bytes.subarray(0, addressLength(peer.family)));
  const held = allocation.channels.get(number);
  // Neither may a number change its peer, nor a peer its number, while they are bound.
  const boundElsewhere = relay.permissions.get(key)?.channels.find(({ port }) => port === peer.port);
  if (held ? held !== boundElsewhere : boundElsewhere) return STUN_ERROR.badRequest;
  if (!held && allocation.channels.size >= MAX_CHANNELS) return STUN_ERROR.insufficientCapacity;
  const permission = permit(context, relay, peer, now);
  if (!permission) return STUN_ERROR.insufficientCapacity;
  if (held) {
    held.until = now + CHANNEL_LIFETIME;
    return 0;
  }
  const target = context.io.rememberPeer(permission.address, peer.family, peer.port);
  if (target < 0) return STUN_ERROR.insufficientCapacity;
  const local = context.local?.find(permission.address, peer.family, peer.port) ?? -1;
  const channel = { number, permission, port: peer.port, peer: target, local, until: now + CHANNEL_LIFETIME };
  allocation.channels.set(number, channel);
  permission.channels.push(channel);
  return 0;
}
