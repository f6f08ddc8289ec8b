import { randomBytes } from "node:crypto";
import { createStunAddress } from "../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { attributeLength, findAttribute, readAddress, type StunMessage, unknownAttributes } from "../stun/message.ts";
import { createStunWriter } from "../stun/writer.ts";
import { type Allocation, type Permission, type Relay, relayOf } from "./allocation.ts";
import type { TurnContext } from "./context.ts";
import { MAX_PAYLOAD } from "./limits.ts";
import { addressLength } from "./read-family.ts";
import { takeTokens } from "./token-bucket.ts";

/** What happens to payloads: no parsing beyond a header, nothing allocated but views. */
export interface RelayPath {
  /** ChannelData from a client (RFC 8656 §12.6). */
  channelData(allocation: Allocation, bytes: Uint8Array, offset: number, length: number, now: number): void;
  /** A Send indication from a client (RFC 8656 §11.2). */
  send(allocation: Allocation, message: StunMessage, now: number): void;
  /**
   * A datagram from a peer (RFC 8656 §11.3, §12.7).
   * @param address as the socket spells it
   */
  fromPeer(
    relay: Relay,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: string,
    port: number,
    now: number,
  ): void;
}

/** Beside the payload of a Data indication: header, an IPv6 address, the attribute's header, padding. */
const DATA_OVERHEAD = 20 + 24 + 4 + 3;

/** @param comprehended attributes that an indication may hold */
export function createRelayPath(context: TurnContext, comprehended: ReadonlySet<number>): RelayPath {
  const { io, local, policy, counters, copy } = context;
  const { bytesPerSecond } = context.limits;
  const { relayed } = counters;
  const peer = createStunAddress();
  const writer = createStunWriter();
  const ignored = new Uint16Array(1);
  const transaction = new Uint8Array(randomBytes(12));
  let indications = 0;

  function mayPass(allocation: Allocation, size: number, now: number): boolean {
    if (!takeTokens(allocation.up, bytesPerSecond, size, now)) {
      counters.overBandwidth++;
      return false;
    }
    const counts = relayed[allocation.transport.kind];
    counts.packetsUp++;
    counts.bytesUp += size;
    allocation.packetsUp++;
    allocation.bytesUp += size;
    return true;
  }

  function channelData(allocation: Allocation, bytes: Uint8Array, offset: number, length: number, now: number): void {
    const number = (bytes[offset]! << 8) | bytes[offset + 1]!;
    const size = (bytes[offset + 2]! << 8) | bytes[offset + 3]!;
    if (length < 4 || size > length - 4 || size > MAX_PAYLOAD) {
      counters.malformed++;
      return;
    }
    let channel = allocation.lastChannel;
    if (channel?.number !== number) {
      channel = allocation.channels.get(number);
      allocation.lastChannel = channel;
    }
    if (!channel || now >= channel.until || now >= channel.permission.until) {
      counters.noChannel++;
      return;
    }
    const { permission } = channel;
    if (
      permission.restricted &&
      !policy.admits(permission.address, permission.family, channel.port, allocation.scope)
    ) {
      counters.forbidden++;
      return;
    }
    if (!mayPass(allocation, size, now)) return;
    const relay = relayOf(allocation, permission.family)!;
    if (channel.local >= 0) {
      local!.deliver(channel.local, relay, bytes, offset + 4, size, now);
      return;
    }
    const at = io.reserve(size);
    copy(bytes, offset + 4, size, io.slab, at);
    io.commit(relay, channel.peer, size);
  }

  function send(allocation: Allocation, message: StunMessage, now: number): void {
    const addressAt = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress);
    const dataAt = findAttribute(message, STUN_ATTRIBUTE.data);
    const isWhole = addressAt >= 0 && dataAt >= 0 && readAddress(message, addressAt, true, peer);
    if (!isWhole || unknownAttributes(message, comprehended, ignored) > 0) {
      counters.malformed++;
      return;
    }
    context.translation.toLocal(peer);
    const relay = relayOf(allocation, peer.family);
    const permission = relay && permissionFor(relay);
    if (!permission || now >= permission.until) {
      counters.noPermission++;
      return;
    }
    if (
      peer.port === 0 ||
      (permission.restricted && !policy.admits(peer.bytes, peer.family, peer.port, allocation.scope))
    ) {
      counters.forbidden++;
      return;
    }
    const size = attributeLength(message, dataAt);
    if (size > MAX_PAYLOAD || !mayPass(allocation, size, now)) return;
    const inside = local?.find(permission.address, peer.family, peer.port) ?? -1;
    if (inside >= 0) {
      local!.deliver(inside, relay, message.bytes, dataAt + 4, size, now);
      return;
    }
    const target = io.passingPeer(permission.address, peer.family, peer.port);
    const at = io.reserve(size);
    copy(message.bytes, dataAt + 4, size, io.slab, at);
    if (findAttribute(message, STUN_ATTRIBUTE.dontFragment) >= 0) io.commitUnfragmented(relay, target, size);
    else io.commit(relay, target, size);
  }

  /** The permission of the address in `peer`, compared by bytes: no text is made for it. */
  function permissionFor(relay: Relay): Permission | undefined {
    const last = relay.lastPermission;
    if (last && isPeer(last)) return last;
    for (const permission of relay.permissions.values()) {
      if (!isPeer(permission)) continue;
      relay.lastPermission = permission;
      return permission;
    }
    return undefined;
  }

  function isPeer({ address }: Permission): boolean {
    for (let i = addressLength(peer.family) - 1; i >= 0; i--) if (address[i] !== peer.bytes[i]) return false;
    return true;
  }

  function fromPeer(
    relay: Relay,
    bytes: Uint8Array,
    offset: number,
    length: number,
    address: string,
    port: number,
    now: number,
  ): void {
    const { allocation } = relay;
    let permission = relay.lastPermission;
    if (permission?.key !== address) {
      permission = relay.permissions.get(address);
      if (permission) relay.lastPermission = permission;
    }
    if (!permission || now >= permission.until || allocation.state !== "open") {
      counters.noPermission++;
      return;
    }
    if (permission.restricted && !policy.admits(permission.address, permission.family, port, allocation.scope)) {
      counters.forbidden++;
      return;
    }
    if (!takeTokens(allocation.down, bytesPerSecond, length, now)) {
      counters.overBandwidth++;
      return;
    }
    const { transport } = allocation;
    const counts = relayed[transport.kind];
    counts.packetsDown++;
    counts.bytesDown += length;
    allocation.packetsDown++;
    allocation.bytesDown += length;
    for (const channel of permission.channels) {
      if (channel.port !== port) continue;
      if (now < channel.until) {
        channelDown(allocation, channel.number, bytes, offset, length);
        return;
      }
      break;
    }
    indicate(allocation, permission, port, bytes, offset, length);
  }

  function channelDown(
    allocation: Allocation,
    number: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const { transport } = allocation;
    // Over a stream ChannelData is padded to 4 bytes (RFC 8656 §12.5).
    const isStream = transport.kind === "tcp" || transport.kind === "tls";
    const whole = isStream ? (4 + length + 3) & ~3 : 4 + length;
    const at = transport.reserve(whole);
    const { slab } = transport;
    slab[at] = number >> 8;
    slab[at + 1] = number & 0xff;
    slab[at + 2] = length >> 8;
    slab[at + 3] = length & 0xff;
    copy(bytes, offset, length, slab, at + 4);
    for (let i = at + 4 + length; i < at + whole; i++) slab[i] = 0;
    transport.commit(allocation.client, whole);
  }

  function indicate(
    allocation: Allocation,
    permission: Permission,
    port: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
  ): void {
    const { transport } = allocation;
    const room = length + DATA_OVERHEAD;
    const at = transport.reserve(room);
    // Unique is enough here: nothing answers a Data indication.
    indications = (indications + 1) >>> 0;
    for (let i = 0; i < 4; i++) transaction[i] = indications >>> (8 * i);
    writer.begin(transport.slab, at, STUN_CLASS.indication, STUN_METHOD.data, transaction, 0, at + room);
    writer.xorAddressBytes(STUN_ATTRIBUTE.xorPeerAddress, permission.family, permission.wire, port);
    writer.data(STUN_ATTRIBUTE.data, bytes, offset, length);
    const written = writer.finish();
    if (written > 0) transport.commit(allocation.client, written);
  }

  return { channelData, send, fromPeer };
}
