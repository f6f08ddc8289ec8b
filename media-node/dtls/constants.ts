/** Record content types (RFC 5246 §6.2.1). */
export const ContentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** Handshake message types (RFC 5246 §7.4). */
export const HandshakeType = {
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

/** Alert descriptions (RFC 5246 §7.2) that we send or tell apart. */
export const Alert = {
  closeNotify: 0,
  unexpectedMessage: 10,
  handshakeFailure: 40,
  badCertificate: 42,
  unsupportedCertificate: 43,
  illegalParameter: 47,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  noRenegotiation: 100,
} as const;

export const AlertLevel = { warning: 1, fatal: 2 } as const;

/** Hello extensions (IANA TLS ExtensionType values). */
export const Extension = {
  supportedGroups: 10,
  pointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  supportedVersions: 43,
  renegotiationInfo: 0xff01,
} as const;

/** DTLS 1.0 on the wire, which a HelloVerifyRequest speaks whatever follows (RFC 6347 §4.2.1). */
export const DTLS_1_0 = 0xfeff;

/** DTLS 1.2 on the wire (RFC 6347 §4.1: one's complement of the TLS version). */
export const DTLS_1_2 = 0xfefd;

/** TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: the one suite that every WebRTC endpoint must offer (RFC 8827 §6.5). */
export const CIPHER_SUITE = 0xc02b;

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 §3.3). */
export const RENEGOTIATION_SCSV = 0x00ff;

/** ecdsa_secp256r1_sha256, the scheme our own certificate signs with. */
export const ECDSA_P256_SHA256 = 0x0403;

export const RECORD_HEADER = 13;
export const HANDSHAKE_HEADER = 12;
/** Bytes that AES-GCM adds to a record's payload: explicit nonce and tag (RFC 5288 §3). */
export const GCM_OVERHEAD = 24;
