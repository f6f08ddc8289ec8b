import type { KeyObject } from "node:crypto";
import { STUN_ATTRIBUTE } from "../stun/constants.ts";
import { shortTermKey } from "../stun/credentials.ts";
import { verifyIntegrity, verifyIntegritySha256 } from "../stun/integrity.ts";
import { attributeLength, findAttribute, type StunMessage } from "../stun/message.ts";
import type { IceCredentials } from "./credentials.ts";

/** The credentials of both sides between two ICE restarts, ready to be compared and hashed with. */
export interface Generation {
  readonly local: IceCredentials;
  /** Signs what the peer sends to us, and our answers to it. */
  readonly localKey: KeyObject;
  /** Signs what we ask the peer, and its answers. */
  readonly remoteKey: KeyObject;
  /** USERNAME of our requests. */
  readonly remoteUsername: string;
  /** What USERNAME of the peer's requests begins with: our ufrag and a colon. */
  readonly prefix: Uint8Array;
}

function key(credentials: IceCredentials): KeyObject {
  const made = shortTermKey(credentials.password);
  if (made === undefined) throw new TypeError("an ICE password must be visible characters");
  return made;
}

export function createGeneration(local: IceCredentials, remote: IceCredentials): Generation {
  return {
    local,
    localKey: key(local),
    remoteKey: key(remote),
    remoteUsername: `${remote.ufrag}:${local.ufrag}`,
    prefix: Buffer.from(`${local.ufrag}:`),
  };
}

/** Whether the USERNAME attribute at `at` is for this generation. */
export function isAddressedTo(generation: Generation, message: StunMessage, at: number): boolean {
  const { prefix } = generation;
  if (attributeLength(message, at) < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (message.bytes[at + 4 + i] !== prefix[i]) return false;
  return true;
}

/** Verifies the stronger integrity that a message carries (RFC 8489 §9.1.3). */
export function isSigned(message: StunMessage, by: KeyObject): boolean {
  return message.integritySha256At >= 0 ? verifyIntegritySha256(message, by) : verifyIntegrity(message, by);
}

/** Whether a request has what authentication needs at all. Returns the offset of USERNAME, or -1. */
export function signedUsername(message: StunMessage): number {
  if (message.integrityAt < 0 && message.integritySha256At < 0) return -1;
  return findAttribute(message, STUN_ATTRIBUTE.username);
}
