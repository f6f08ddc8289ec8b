/** Numbers of STUN (RFC 8489), ICE (RFC 8445), TURN (RFC 8656, RFC 6062, RFC 8016), NAT behaviour discovery (RFC 5780) and the nonce cookie. */

export const STUN_HEADER_LENGTH = 20;
export const STUN_MAGIC_COOKIE = 0x2112a442;
/** XORed into the CRC-32 of FINGERPRINT, RFC 8489 §14.7. */
export const STUN_FINGERPRINT_XOR = 0x5354554e;

/** Message classes, RFC 8489 §5. */
export const STUN_CLASS = { request: 0, indication: 1, success: 2, error: 3 } as const;
export type StunClass = (typeof STUN_CLASS)[keyof typeof STUN_CLASS];

export const STUN_METHOD = {
  binding: 0x001,
  allocate: 0x003,
  refresh: 0x004,
  send: 0x006,
  data: 0x007,
  createPermission: 0x008,
  channelBind: 0x009,
  connect: 0x00a,
  connectionBind: 0x00b,
  connectionAttempt: 0x00c,
} as const;

export const STUN_ATTRIBUTE = {
  // comprehension-required
  mappedAddress: 0x0001,
  changeRequest: 0x0003,
  username: 0x0006,
  messageIntegrity: 0x0008,
  errorCode: 0x0009,
  unknownAttributes: 0x000a,
  channelNumber: 0x000c,
  lifetime: 0x000d,
  xorPeerAddress: 0x0012,
  data: 0x0013,
  realm: 0x0014,
  nonce: 0x0015,
  xorRelayedAddress: 0x0016,
  requestedAddressFamily: 0x0017,
  evenPort: 0x0018,
  requestedTransport: 0x0019,
  dontFragment: 0x001a,
  messageIntegritySha256: 0x001c,
  passwordAlgorithm: 0x001d,
  userhash: 0x001e,
  xorMappedAddress: 0x0020,
  reservationToken: 0x0022,
  priority: 0x0024,
  useCandidate: 0x0025,
  padding: 0x0026,
  responsePort: 0x0027,
  connectionId: 0x002a,
  // comprehension-optional
  additionalAddressFamily: 0x8000,
  addressErrorCode: 0x8001,
  passwordAlgorithms: 0x8002,
  alternateDomain: 0x8003,
  icmp: 0x8004,
  software: 0x8022,
  alternateServer: 0x8023,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
  responseOrigin: 0x802b,
  otherAddress: 0x802c,
  mobilityTicket: 0x8030,
} as const;

/** Error codes, RFC 8489 §14.8, RFC 8445 §7.3.1.1, RFC 8656 §19, RFC 6062 §6.3, RFC 8016 §3.2. */
export const STUN_ERROR = {
  tryAlternate: 300,
  badRequest: 400,
  unauthenticated: 401,
  forbidden: 403,
  mobilityForbidden: 405,
  unknownAttribute: 420,
  allocationMismatch: 437,
  staleNonce: 438,
  addressFamilyNotSupported: 440,
  wrongCredentials: 441,
  unsupportedTransport: 442,
  peerAddressFamilyMismatch: 443,
  connectionAlreadyExists: 446,
  connectionTimeoutOrFailure: 447,
  allocationQuotaReached: 486,
  roleConflict: 487,
  serverError: 500,
  insufficientCapacity: 508,
} as const;

/** PASSWORD-ALGORITHM numbers, RFC 8489 §18.5. */
export const STUN_PASSWORD_ALGORITHM = { md5: 1, sha256: 2 } as const;

/** Address families of STUN addresses and of REQUESTED-ADDRESS-FAMILY. */
export const STUN_FAMILY = { ipv4: 1, ipv6: 2 } as const;

/**
 * The comprehension-required attributes of RFC 8489 itself: every usage comprehends them, expected or not (an unexpected
 * one is ignored, §6.3). A usage adds its own and hands the set to `unknownAttributes`.
 */
export const STUN_COMPREHENDED: readonly number[] = [
  STUN_ATTRIBUTE.mappedAddress,
  STUN_ATTRIBUTE.username,
  STUN_ATTRIBUTE.messageIntegrity,
  STUN_ATTRIBUTE.errorCode,
  STUN_ATTRIBUTE.unknownAttributes,
  STUN_ATTRIBUTE.realm,
  STUN_ATTRIBUTE.nonce,
  STUN_ATTRIBUTE.messageIntegritySha256,
  STUN_ATTRIBUTE.passwordAlgorithm,
  STUN_ATTRIBUTE.userhash,
  STUN_ATTRIBUTE.xorMappedAddress,
];
