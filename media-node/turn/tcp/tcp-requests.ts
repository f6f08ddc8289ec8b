import { createStunAddress } from "../../stun/address.ts";
import { STUN_ATTRIBUTE, STUN_ERROR } from "../../stun/constants.ts";
import { attributeUint32, findAttribute, readAddress } from "../../stun/message.ts";
import { relayOf } from "../allocation.ts";
import type { RequestHandler } from "../context.ts";
import { addressLength } from "../read-family.ts";

const peer = createStunAddress();

/** Connect (RFC 6062 §5.2). The answer leaves once the connection is there, or has failed. */
export const connect: RequestHandler = (context, request) => {
  const { message, allocation, now } = request;
  const { responder, tcp } = context;
  if (!tcp) return responder.error(request, STUN_ERROR.badRequest);
  if (!allocation?.links) return responder.error(request, STUN_ERROR.allocationMismatch);
  const at = findAttribute(message, STUN_ATTRIBUTE.xorPeerAddress);
  if (at < 0 || !readAddress(message, at, true, peer)) return responder.error(request, STUN_ERROR.badRequest);
  const relay = relayOf(allocation, peer.family);
  if (!relay) return responder.error(request, STUN_ERROR.peerAddressFamilyMismatch);
  context.translation.toLocal(peer);
  if (!context.policy.admits(peer.bytes, peer.family, peer.port, allocation.scope)) {
    context.counters.forbidden++;
    return responder.error(request, STUN_ERROR.forbidden);
  }
  const address = peer.bytes.slice(0, addressLength(peer.family));
  const transaction = message.bytes.slice(message.start + 8, message.start + 20);
  const error = tcp.connect(relay, address, peer.port, { transaction, seal: responder.sealOf(request) }, now);
  if (error !== 0) responder.error(request, error);
};

/** ConnectionBind (RFC 6062 §5.4): from its answer on, the client's stream is the peer's. */
export const connectionBind: RequestHandler = (context, request) => {
  const { message, transport, client, allocation, authentication } = request;
  const { responder, tcp } = context;
  const isStream = transport.kind === "tcp" || transport.kind === "tls";
  const id = attributeUint32(message, STUN_ATTRIBUTE.connectionId);
  const link = tcp && !allocation && isStream ? tcp.waiting(id) : undefined;
  // A number that isn't theirs is unknown to strangers.
  if (!tcp || link?.relay.allocation.username !== authentication.username)
    return responder.error(request, STUN_ERROR.badRequest);
  responder.success(request).uint32(STUN_ATTRIBUTE.connectionId, link.id);
  responder.finish(transport, client, responder.sealOf(request));
  tcp.join(link, client);
};
