import { STUN_FAMILY } from "../stun/constants.ts";
import { attributeLength, findAttribute, type StunMessage } from "../stun/message.ts";

/**
 * The family in REQUESTED-ADDRESS-FAMILY or ADDITIONAL-ADDRESS-FAMILY (RFC 8656 §18.6, §18.11).
 * @returns 0 if the attribute is absent; -1 if it is malformed; else the number in it, known or not
 */
export function readFamily(message: StunMessage, type: number): number {
  const at = findAttribute(message, type);
  if (at < 0) return 0;
  const family = message.bytes[at + 4]!;
  return attributeLength(message, at) === 4 && family !== 0 ? family : -1;
}

/** Length of an address of a family in bytes. */
export function addressLength(family: number): number {
  return family === STUN_FAMILY.ipv4 ? 4 : 16;
}
