import { createReader, readNumbers } from "./bytes.ts";
import { Alert, CIPHER_SUITE, DTLS_1_2, ECDSA_P256_SHA256, Extension, RENEGOTIATION_SCSV } from "./constants.ts";
import { GROUPS, type Group } from "./key-exchange.ts";
import { SRTP_PROFILES, type SrtpProfile } from "./srtp-profile.ts";

/** What we read of a ClientHello (RFC 6347 §4.3.2). Lists are in the client's order; an absent one is empty. */
export interface ClientHello {
  readonly version: number;
  readonly random: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: Uint8Array;
  readonly supportedVersions: readonly number[];
  readonly groups: readonly number[];
  readonly signatureSchemes: readonly number[];
  readonly srtpProfiles: readonly number[];
  readonly extendedMasterSecret: boolean;
  readonly pointFormats: boolean;
  readonly secureRenegotiation: boolean;
}

/** What the server settles on. Without a common SRTP profile the session carries data only. */
export interface Selection {
  readonly group: Group;
  readonly srtpProfile: SrtpProfile | undefined;
}

/** Parses the body of a ClientHello; undefined when it is malformed. The result holds views of the body. */
export function parseClientHello(body: Uint8Array): ClientHello | undefined {
  const reader = createReader(body);
  const version = reader.u16();
  const random = reader.take(32);
  const sessionId = reader.vector8();
  reader.vector8(); // The cookie: looked at before, where there is one at all (hello-gate.ts).
  const cipherSuites = readNumbers(reader.vector16());
  const compressionMethods = reader.vector8();
  const extensions = parseExtensions(reader.remaining > 0 ? reader.vector16() : new Uint8Array(0));
  if (reader.failed || reader.remaining > 0 || sessionId.length > 32 || !cipherSuites || !extensions) return undefined;

  const supportedVersions = parseList(extensions.get(Extension.supportedVersions), 1);
  const groups = parseList(extensions.get(Extension.supportedGroups), 2);
  const signatureSchemes = parseList(extensions.get(Extension.signatureAlgorithms), 2);
  const srtpProfiles = parseList(extensions.get(Extension.useSrtp), 2, true);
  if (!supportedVersions || !groups || !signatureSchemes || !srtpProfiles) return undefined;
  // Only an empty one may stand in a first handshake (RFC 5746 §3.6).
  const renegotiation = extensions.get(Extension.renegotiationInfo);
  if (renegotiation !== undefined && (renegotiation.length !== 1 || renegotiation[0] !== 0)) return undefined;
  return {
    version,
    random,
    cipherSuites,
    compressionMethods,
    supportedVersions,
    groups,
    signatureSchemes,
    srtpProfiles,
    extendedMasterSecret: extensions.has(Extension.extendedMasterSecret),
    pointFormats: extensions.has(Extension.pointFormats),
    secureRenegotiation: renegotiation !== undefined || cipherSuites.includes(RENEGOTIATION_SCSV),
  };
}

/** Settles the parameters, or names the fatal alert with which to refuse (RFC 5246 §7.2.2). */
export function select(hello: ClientHello, srtpProfiles: readonly SrtpProfile[]): Selection | number {
  const speaksDtls12 =
    hello.supportedVersions.length > 0
      ? hello.supportedVersions.includes(DTLS_1_2)
      : hello.version >> 8 === 0xfe && hello.version <= DTLS_1_2;
  if (!speaksDtls12) return Alert.protocolVersion;
  const group = (Object.keys(GROUPS) as Group[]).find(name => hello.groups.includes(GROUPS[name]));
  const common =
    hello.cipherSuites.includes(CIPHER_SUITE) &&
    hello.compressionMethods.includes(0) &&
    hello.signatureSchemes.includes(ECDSA_P256_SHA256) &&
    // Every WebRTC stack has had it since 2016; without, keys are not bound to the handshake (RFC 7627 §1).
    hello.extendedMasterSecret;
  if (!common || group === undefined) return Alert.handshakeFailure;
  return { group, srtpProfile: srtpProfiles.find(name => hello.srtpProfiles.includes(SRTP_PROFILES[name])) };
}

function parseExtensions(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const extensions = new Map<number, Uint8Array>();
  const reader = createReader(bytes);
  while (reader.remaining > 0) {
    const type = reader.u16();
    const data = reader.vector16();
    if (reader.failed || extensions.has(type)) return undefined;
    extensions.set(type, data);
  }
  return extensions;
}

/** A non-empty list of 16-bit numbers behind a length field; use_srtp has an MKI after it (RFC 5764 §4.1.1). */
function parseList(data: Uint8Array | undefined, lengthWidth: 1 | 2, mkiFollows = false): number[] | undefined {
  if (data === undefined) return [];
  const reader = createReader(data);
  const numbers = readNumbers(lengthWidth === 1 ? reader.vector8() : reader.vector16());
  if (mkiFollows) reader.vector8();
  return reader.failed || reader.remaining > 0 || numbers?.length === 0 ? undefined : numbers;
}
