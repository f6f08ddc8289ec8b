import { findAttribute, type SdpAttribute } from "./description.ts";
import { fail } from "./failure.ts";

/** What a description says of the way to its maker: ICE credentials (RFC 8839) and DTLS (RFC 8842). */
export interface OfferedTransport {
  readonly ufrag: string;
  readonly password: string;
  /** Those of hashes that we can check; never empty. The peer's certificate must match one of them. */
  readonly fingerprints: readonly Fingerprint[];
}

/** `a=fingerprint` (RFC 8122): the hash's name in lower case, its bytes as upper-case hex with colons. */
export interface Fingerprint {
  readonly algorithm: string;
  readonly value: string;
}

const HASH_LENGTH: Readonly<Record<string, number>> = { "sha-256": 32, "sha-384": 48, "sha-512": 64 };
const VISIBLE = /^[!-~]+$/;

/** The attributes of the m-line, and where they say nothing those of the session. */
function pick(
  name: string,
  media: readonly SdpAttribute[],
  session: readonly SdpAttribute[],
): SdpAttribute | undefined {
  return findAttribute(media, name) ?? findAttribute(session, name);
}

/** Those of an m-line, else of the session, of hashes that we can check. */
export function readFingerprints(
  media: readonly SdpAttribute[],
  session: readonly SdpAttribute[],
  mediaLine: number,
): Fingerprint[] {
  const own = fingerprintsIn(media);
  const fingerprints = own.length > 0 ? own : fingerprintsIn(session);
  if (fingerprints.length === 0) fail(mediaLine, "no a=fingerprint of sha-256, sha-384 or sha-512 for this m= line");
  return fingerprints;
}

function fingerprintsIn(attributes: readonly SdpAttribute[]): Fingerprint[] {
  const fingerprints: Fingerprint[] = [];
  for (const { name, value, line } of attributes) {
    if (name !== "fingerprint") continue;
    const [algorithm = "", digest = "", ...rest] = value.trim().split(/ +/);
    const length = HASH_LENGTH[algorithm.toLowerCase()];
    if (rest.length > 0 || digest === "") fail(line, "a=fingerprint needs a hash's name and a digest");
    if (length === undefined) continue;
    if (digest.length !== 3 * length - 1 || !/^[0-9a-f]{2}(?::[0-9a-f]{2})*$/i.test(digest)) {
      fail(line, `a=fingerprint of ${algorithm} needs ${length} hex bytes with colons between`);
    }
    fingerprints.push({ algorithm: algorithm.toLowerCase(), value: digest.toUpperCase() });
  }
  return fingerprints;
}

/** A credential of an m-line, else of the session. */
export function readCredential(
  name: "ice-ufrag" | "ice-pwd",
  least: number,
  media: readonly SdpAttribute[],
  session: readonly SdpAttribute[],
  mediaLine: number,
): string {
  const found = pick(name, media, session);
  if (found === undefined) fail(mediaLine, `no a=${name} for this m= line`);
  const { value, line } = found;
  // RFC 8839 allows letters, digits, + and / only; some encoders don't keep to it, and it costs nothing to bear.
  if (value.length < least || value.length > 256 || !VISIBLE.test(value)) {
    fail(line, `a=${name} must be ${least} to 256 visible characters`);
  }
  return value;
}

/**
 * Reads the transport that an offer describes at one m-line, as far as we can answer it: a full ICE agent that lets us
 * be the passive side of DTLS.
 */
export function readTransport(
  media: readonly SdpAttribute[],
  session: readonly SdpAttribute[],
  mediaLine: number,
): OfferedTransport {
  const lite = findAttribute(session, "ice-lite");
  if (lite !== undefined) fail(lite.line, "ICE-lite at both ends: neither would ever check");
  const setup = pick("setup", media, session);
  if (setup !== undefined && setup.value !== "actpass" && setup.value !== "active") {
    fail(setup.line, "a=setup must be actpass or active in an offer: the answerer is always passive");
  }
  return {
    ufrag: readCredential("ice-ufrag", 4, media, session, mediaLine),
    password: readCredential("ice-pwd", 22, media, session, mediaLine),
    fingerprints: readFingerprints(media, session, mediaLine),
  };
}
