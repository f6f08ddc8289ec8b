import { STUN_ATTRIBUTE, STUN_CLASS, STUN_ERROR, STUN_METHOD } from "../../stun/constants.ts";
import { attributeLength, attributeUint32, findAttribute, readUint16, type StunMessage } from "../../stun/message.ts";
import { createStunWriter } from "../../stun/writer.ts";

/** CHANGE-REQUEST's flags (RFC 5780 §7.2). */
export const CHANGE_IP = 4;
export const CHANGE_PORT = 2;

/** A transport address as clients are told it. */
export interface Origin {
  readonly address: string;
  readonly port: number;
}

/** The four sockets of NAT behaviour discovery (RFC 5780 §6), seen from one of its ports. */
export interface DiscoveryPort {
  /**
   * Where an answer to a client leaves from.
   * @param change of `CHANGE_IP` and `CHANGE_PORT`, relative to where the client's request came
   * @returns undefined for a client on an address that has no second one
   */
  origin(client: number, change: number): Origin | undefined;
  /** Sends to a client's address from such a socket. @param port of the client; 0: the one it sent from */
  send(client: number, change: number, port: number, bytes: Uint8Array, length: number): void;
}

/** What a Binding request asks for beyond its mapped address. */
export interface DiscoveryWish {
  /** Of `CHANGE_IP` and `CHANGE_PORT`. */
  change: number;
  /** Port of the client to answer to; 0: the one that it sent from. */
  responsePort: number;
  /** Bytes of its PADDING; -1: there is none. */
  padding: number;
}

/** Comprehended in Binding requests where discovery is on. */
export const DISCOVERY_COMPREHENDED: readonly number[] = [
  STUN_ATTRIBUTE.changeRequest,
  STUN_ATTRIBUTE.padding,
  STUN_ATTRIBUTE.responsePort,
];

/** Longest PADDING of an answer: it tests whether two fragments pass, which an Ethernet's worth does. */
const MAX_PADDING = 1500;

/**
 * Reads what RFC 5780 adds to a Binding request.
 * @returns 0, or the error that it deserves
 */
export function readDiscovery(message: StunMessage, wish: DiscoveryWish): number {
  const changeAt = findAttribute(message, STUN_ATTRIBUTE.changeRequest);
  const portAt = findAttribute(message, STUN_ATTRIBUTE.responsePort);
  const paddingAt = findAttribute(message, STUN_ATTRIBUTE.padding);
  wish.change = changeAt < 0 ? 0 : attributeUint32(message, STUN_ATTRIBUTE.changeRequest) & (CHANGE_IP | CHANGE_PORT);
  wish.responsePort = portAt < 0 ? 0 : readUint16(message.bytes, portAt + 4);
  wish.padding = paddingAt < 0 ? -1 : attributeLength(message, paddingAt);
  if (changeAt >= 0 && attributeLength(message, changeAt) !== 4) return STUN_ERROR.badRequest;
  if (portAt < 0) return 0;
  // Two bytes by the RFC's figure, four with the padding that some count in.
  const length = attributeLength(message, portAt);
  const isPort = (length === 2 || length === 4) && wish.responsePort !== 0;
  return isPort && paddingAt < 0 ? 0 : STUN_ERROR.badRequest;
}

/** Answers Binding requests by RFC 5780 §6.1. */
export interface Discovery {
  /** @param fingerprint whether the request had one */
  answer(
    port: DiscoveryPort,
    message: StunMessage,
    wish: DiscoveryWish,
    client: number,
    mapped: Origin,
    fingerprint: boolean,
  ): void;
}

export function createDiscovery(): Discovery {
  const writer = createStunWriter();
  const bytes = new Uint8Array(MAX_PADDING + 256);
  const padding = new Uint8Array(MAX_PADDING);
  return {
    answer(port, message, { change, responsePort, padding: asked }, client, mapped, fingerprint) {
      const origin = port.origin(client, change);
      const other = port.origin(client, CHANGE_IP | CHANGE_PORT);
      if (!origin || !other) return;
      writer.begin(bytes, 0, STUN_CLASS.success, STUN_METHOD.binding, message.bytes, message.start + 8);
      writer.xorAddress(STUN_ATTRIBUTE.xorMappedAddress, mapped.address, mapped.port);
      writer.address(STUN_ATTRIBUTE.responseOrigin, origin.address, origin.port);
      writer.address(STUN_ATTRIBUTE.otherAddress, other.address, other.port);
      if (asked >= 0) {
        // Never more than came: a forged source must not be hit harder than the forger works.
        const room = message.end - message.start - writer.finish() - 4 - (fingerprint ? 8 : 0);
        const length = Math.min(MAX_PADDING, asked, room) & ~3;
        if (length > 0) writer.data(STUN_ATTRIBUTE.padding, padding, 0, length);
      }
      if (fingerprint) writer.fingerprint();
      const length = writer.finish();
      if (length > 0) port.send(client, change, responsePort, bytes, length);
    },
  };
}
