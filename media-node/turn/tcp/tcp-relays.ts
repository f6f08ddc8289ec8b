import { randomBytes } from "node:crypto";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_ERROR, STUN_METHOD } from "../../stun/constants.ts";
import type { Allocation, Relay } from "../allocation.ts";
import type { TurnContext } from "../context.ts";
import { count } from "../counters.ts";
import { createRandomBelow } from "../random.ts";
import { spendTokens, type TokenBucket, takeTokens } from "../token-bucket.ts";
import type { PeerLink, TcpRelayEvents, TcpRelayIo } from "./peer-link.ts";

/** TCP connections between relays and peers (RFC 6062), without sockets, clock or timers. */
export interface TcpRelays extends TcpRelayEvents {
  /** Begins a connection for a client; its answer follows. @returns 0, or the error to answer with at once */
  connect(relay: Relay, address: Uint8Array, port: number, asked: PeerLink["asked"], now: number): number;
  /** The link that waits for a client's ConnectionBind under this number. */
  waiting(id: number): PeerLink | undefined;
  /** Joins a client's stream to it. */
  join(link: PeerLink, client: number): void;
  /** Ends the links of an allocation that is over. */
  end(allocation: Allocation): void;
  tick(now: number): void;
}

/** How long a connection may take, and then wait for its ConnectionBind (RFC 6062 §5.2, §5.3), in milliseconds. */
const LIMIT = 30_000;
/** Most links of one allocation, and of all. */
const MAX_PER_ALLOCATION = 64;
const MAX_LINKS = 4096;

type Context = Pick<TurnContext, "responder" | "counters" | "policy" | "limits">;

export function createTcpRelays(context: Context, io: TcpRelayIo): TcpRelays {
  const { responder, counters, policy } = context;
  const { bytesPerSecond } = context.limits;
  const links = new Map<number, PeerLink>();
  const randomBelow = createRandomBelow();

  function add(
    relay: Relay,
    address: Uint8Array,
    port: number,
    asked: PeerLink["asked"],
    now: number,
  ): PeerLink | undefined {
    const own = relay.allocation.links;
    if (!own || own.size >= MAX_PER_ALLOCATION || links.size >= MAX_LINKS) return undefined;
    let id = 0;
    while (id === 0 || links.has(id)) id = (randomBelow(0x10000) * 0x10000 + randomBelow(0x10000)) >>> 0;
    const state = asked ? "connecting" : "waiting";
    const link: PeerLink = { id, relay, address, port, asked, state, until: now + LIMIT };
    links.set(id, link);
    own.add(link);
    return link;
  }

  function forget(link: PeerLink): void {
    link.state = "closed";
    links.delete(link.id);
    link.relay.allocation.links?.delete(link);
  }

  function drop(link: PeerLink): void {
    if (link.state === "closed") return;
    forget(link);
    io.drop(link);
  }

  /** Tells the client how its Connect ended. */
  function answer({ id, relay, asked }: PeerLink, error: number): void {
    const { allocation } = relay;
    if (!asked || allocation.state !== "open") return;
    const { transport, client } = allocation;
    const { transaction, seal } = asked;
    if (error !== 0) count(counters.errors, error);
    const messageClass = error === 0 ? STUN_CLASS.success : STUN_CLASS.error;
    const message = responder.begin(transport, messageClass, STUN_METHOD.connect, transaction, 0);
    if (error === 0) message.uint32(STUN_ATTRIBUTE.connectionId, id);
    else message.errorCode(error);
    responder.finish(transport, client, seal);
  }

  const bucketOf = ({ relay }: PeerLink, up: boolean): TokenBucket =>
    up ? relay.allocation.up : relay.allocation.down;

  return {
    connect(relay, address, port, asked, now) {
      for (const link of relay.allocation.links ?? [])
        if (link.port === port && Buffer.compare(link.address, address) === 0)
          return STUN_ERROR.connectionAlreadyExists;
      const link = add(relay, address, port, asked, now);
      if (!link) return STUN_ERROR.insufficientCapacity;
      io.connect(link, (ok, later) => {
        if (link.state !== "connecting") return;
        if (ok) {
          link.state = "waiting";
          link.until = later + LIMIT;
        } else forget(link);
        answer(link, ok ? 0 : STUN_ERROR.connectionTimeoutOrFailure);
      });
      return 0;
    },
    waiting(id) {
      const link = links.get(id);
      return link?.state === "waiting" ? link : undefined;
    },
    join(link, client) {
      link.state = "joined";
      if (!io.join(link, client)) drop(link);
    },
    accepted(relay, address, port, now) {
      const { allocation } = relay;
      const permission = relay.permissions.get(address);
      if (!permission || now >= permission.until || allocation.state !== "open") {
        counters.noPermission++;
        return undefined;
      }
      if (permission.restricted && !policy.admits(permission.address, permission.family, port, allocation.scope)) {
        counters.forbidden++;
        return undefined;
      }
      const link = add(relay, permission.address, port, undefined, now);
      if (!link) return undefined;
      const { transport, client } = allocation;
      const transaction = randomBytes(12);
      const message = responder.begin(transport, STUN_CLASS.indication, STUN_METHOD.connectionAttempt, transaction, 0);
      message.uint32(STUN_ATTRIBUTE.connectionId, link.id);
      message.xorAddressBytes(STUN_ATTRIBUTE.xorPeerAddress, permission.family, permission.wire, port);
      responder.finish(transport, client, { key: undefined, sha256: false, fingerprint: false });
      return link;
    },
    closed(link) {
      if (link.state === "closed") return;
      const wasConnecting = link.state === "connecting";
      forget(link);
      if (wasConnecting) answer(link, STUN_ERROR.connectionTimeoutOrFailure);
    },
    passed(link, up, bytes, now) {
      const { allocation } = link.relay;
      const counts = counters.relayed[allocation.transport.kind];
      if (up) {
        counts.packetsUp++;
        counts.bytesUp += bytes;
        allocation.packetsUp++;
        allocation.bytesUp += bytes;
      } else {
        counts.packetsDown++;
        counts.bytesDown += bytes;
        allocation.packetsDown++;
        allocation.bytesDown += bytes;
      }
      return spendTokens(bucketOf(link, up), bytesPerSecond, bytes, now);
    },
    mayPass: (link, up, now) => takeTokens(bucketOf(link, up), bytesPerSecond, 0, now),
    end(allocation) {
      for (const link of allocation.links ?? []) drop(link);
    },
    tick(now) {
      for (const link of links.values()) {
        if (link.state === "joined" || now < link.until) continue;
        const wasConnecting = link.state === "connecting";
        drop(link);
        if (wasConnecting) answer(link, STUN_ERROR.connectionTimeoutOrFailure);
      }
    },
  };
}
