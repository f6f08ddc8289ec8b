/** Times of TURN in milliseconds, lifetimes on the wire in seconds (RFC 8656 §3.2, §7.2, §9, §12). */

/** Lifetime of an allocation that asks for none, in seconds. */
export const DEFAULT_LIFETIME = 600;
/** Longest lifetime that one request is granted, in seconds. */
export const MAX_LIFETIME = 3600;
/** No allocation is older, however often it is refreshed. */
export const MAX_AGE = 24 * 3600 * 1000;
export const PERMISSION_LIFETIME = 300_000;
export const CHANNEL_LIFETIME = 600_000;
/** How long a port waits for the allocation that its token was given for. */
export const RESERVATION_LIFETIME = 30_000;

/** Channel numbers of RFC 8656 §12, and the last one that RFC 5766 allowed. */
export const MIN_CHANNEL = 0x4000;
export const MAX_CHANNEL = 0x4fff;
export const MAX_CHANNEL_RFC5766 = 0x7fff;

/** Most permissions, and most channels, that one allocation holds. */
export const MAX_PERMISSIONS = 256;
export const MAX_CHANNELS = 256;

/** Ports tried before an allocation is refused, where another program holds some of our range. */
export const MAX_PORT_TRIES = 16;

/** Longest payload that is relayed: what a UDP datagram over IPv4 holds. */
export const MAX_PAYLOAD = 65_507;

/**
 * ADDITIONAL-ADDRESS-FAMILY and ADDRESS-ERROR-CODE as the drafts before RFC 8656 numbered them, and as coturn's clients
 * still do (4.6.1, 2026-11-25).
 */
export const DRAFT_ADDITIONAL_ADDRESS_FAMILY = 0x8032;
export const DRAFT_ADDRESS_ERROR_CODE = 0x8033;

/** Protocol numbers in REQUESTED-TRANSPORT. */
export const TRANSPORT_TCP = 6;
export const TRANSPORT_UDP = 17;
