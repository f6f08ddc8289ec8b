import { STUN_ATTRIBUTE } from "../stun/constants.ts";
import { attributeUint32, type StunMessage } from "../stun/message.ts";
import { DEFAULT_LIFETIME, MAX_LIFETIME } from "./limits.ts";

/**
 * Seconds that a request for LIFETIME is granted (RFC 8656 §7.2, §8): at least the default, at most an hour, and never
 * past the allocation's deadline. 0 only where 0 was asked for, or the deadline has come.
 */
export function grantedLifetime(message: StunMessage, now: number, deadline: number): number {
  const asked = attributeUint32(message, STUN_ATTRIBUTE.lifetime);
  if (asked === 0) return 0;
  const granted = Math.max(DEFAULT_LIFETIME, Math.min(asked, MAX_LIFETIME));
  return Math.max(0, Math.min(granted, Math.floor((deadline - now) / 1000)));
}
