import { type KeyObject, sign } from "node:crypto";
import { concat, u8, u16, vector } from "./bytes.ts";
import type { ClientHello, Selection } from "./client-hello.ts";
import { CIPHER_SUITE, DTLS_1_2, ECDSA_P256_SHA256, Extension } from "./constants.ts";
import { GROUPS, type KeyShare } from "./key-exchange.ts";
import { SIGNATURE_SCHEMES } from "./signature.ts";
import { SRTP_PROFILES } from "./srtp-profile.ts";

/** Bodies of the handshake messages that a server sends. */

export function serverHello(random: Uint8Array, hello: ClientHello, { srtpProfile }: Selection): Uint8Array {
  const extensions = [extension(Extension.extendedMasterSecret)];
  if (hello.secureRenegotiation) extensions.push(extension(Extension.renegotiationInfo, vector(1)));
  if (hello.pointFormats) extensions.push(extension(Extension.pointFormats, vector(1, u8(0))));
  if (srtpProfile !== undefined) {
    extensions.push(extension(Extension.useSrtp, vector(2, u16(SRTP_PROFILES[srtpProfile])), vector(1)));
  }
  // An empty session id: nothing can be resumed. Compression method null.
  return concat(u16(DTLS_1_2), random, vector(1), u16(CIPHER_SUITE), u8(0), vector(2, ...extensions));
}

/** A certificate and those that vouch for it (RFC 5246 §7.4.2). */
export function certificate(der: Uint8Array, chain: readonly Uint8Array[] = []): Uint8Array {
  return vector(3, ...[der, ...chain].map(each => vector(3, each)));
}

/** Ephemeral key, signed together with both randoms (RFC 8422 §5.4). */
export function serverKeyExchange(
  share: KeyShare,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  privateKey: KeyObject,
): Uint8Array {
  const NAMED_CURVE = 3;
  const parameters = concat(u8(NAMED_CURVE), u16(GROUPS[share.group]), vector(1, share.publicKey));
  const signature = sign("sha256", concat(clientRandom, serverRandom, parameters), privateKey);
  return concat(parameters, u16(ECDSA_P256_SHA256), vector(2, signature));
}

/** Asks for an ECDSA or RSA certificate of any issuer (RFC 5246 §7.4.4). */
export function certificateRequest(): Uint8Array {
  const ECDSA_SIGN = 64;
  const RSA_SIGN = 1;
  return concat(vector(1, Uint8Array.of(ECDSA_SIGN, RSA_SIGN)), vector(2, ...SIGNATURE_SCHEMES.map(u16)), vector(2));
}

function extension(type: number, ...data: Uint8Array[]): Uint8Array {
  return concat(u16(type), vector(2, ...data));
}
