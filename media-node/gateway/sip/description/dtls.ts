/**
 * Keys by DTLS (RFC 5763, RFC 8842), with ICE-lite where the peer has ICE (RFC 8839), as an audio m-line says it.
 * @module
 */
import { hostCandidates } from "../../../ice/candidate.ts";
import {
  attribute,
  findAttribute,
  type SdpAttribute,
  type SdpDescription,
  type SdpMedia,
} from "../../../sdp/description.ts";
import { type Fingerprint, readCredential, readFingerprints } from "../../../sdp/transport.ts";

/** What we say of our end. */
export interface LocalDtls {
  readonly fingerprint: Fingerprint;
  readonly ice: { readonly ufrag: string; readonly password: string };
}

/** What a peer says of its own. */
export interface RemoteDtls {
  /** Its certificate must match it. */
  readonly fingerprint: Fingerprint;
  /** Absent: it has no ICE. */
  readonly ice?: { readonly ufrag: string; readonly password: string };
  /** RTCP comes on the same port. */
  readonly isMuxed: boolean;
}

/** Audio over SRTP with keys by DTLS. Older gateways leave out how it travels. */
export const isDtlsAudio = ({ kind, protocol, attributes }: SdpMedia, session: readonly SdpAttribute[]): boolean =>
  kind === "audio" &&
  (/^UDP\/TLS\/RTP\/SAVPF?$/.test(protocol) ||
    (/^RTP\/SAVPF?$/.test(protocol) &&
      findAttribute(attributes, "crypto") === undefined &&
      (findAttribute(attributes, "fingerprint") ?? findAttribute(session, "fingerprint")) !== undefined));

/**
 * Reads what a peer says; we are always the passive side. To be called below `attempt`.
 * @returns undefined if it leaves us another
 */
export function readDtls({ attributes: session }: SdpDescription, media: SdpMedia): RemoteDtls | undefined {
  const { attributes, line } = media;
  const setup = findAttribute(attributes, "setup") ?? findAttribute(session, "setup");
  if (setup !== undefined && setup.value !== "actpass" && setup.value !== "active") return undefined;
  const [fingerprint] = readFingerprints(attributes, session, line);
  if (fingerprint === undefined) return undefined;
  const hasIce = (findAttribute(attributes, "ice-ufrag") ?? findAttribute(session, "ice-ufrag")) !== undefined;
  const isMuxed = findAttribute(attributes, "rtcp-mux") !== undefined;
  if (!hasIce) return { fingerprint, isMuxed };
  const ufrag = readCredential("ice-ufrag", 4, attributes, session, line);
  const password = readCredential("ice-pwd", 22, attributes, session, line);
  return { fingerprint, ice: { ufrag, password }, isMuxed };
}

/** Attributes of our m-line. @param remote what they answer; undefined: an offer, of all that we can */
export function dtlsAttributes(
  { fingerprint, ice }: LocalDtls,
  address: string,
  port: number,
  remote: RemoteDtls | undefined,
): SdpAttribute[] {
  const candidates = hostCandidates([{ protocol: "udp", address, port }]);
  return [
    attribute("fingerprint", `${fingerprint.algorithm} ${fingerprint.value}`),
    attribute("setup", remote ? "passive" : "actpass"),
    ...(remote === undefined || remote.isMuxed ? [attribute("rtcp-mux")] : []),
    ...(remote === undefined || remote.ice
      ? [
          attribute("ice-ufrag", ice.ufrag),
          attribute("ice-pwd", ice.password),
          ...candidates.map(value => attribute("candidate", value)),
          attribute("end-of-candidates"),
        ]
      : []),
  ];
}

/** What an answer repeats of how the offer names its m-line, and what stands before all m-lines. */
export function bundleAttributes(offer: SdpDescription, media: SdpMedia, hasIce: boolean) {
  const mid = findAttribute(media.attributes, "mid")?.value;
  const isBundled =
    mid !== undefined &&
    offer.attributes.some(
      ({ name, value }) => name === "group" && /^BUNDLE /.test(value) && value.split(" ").includes(mid),
    );
  return {
    media: mid === undefined ? [] : [attribute("mid", mid)],
    session: [...(hasIce ? [attribute("ice-lite")] : []), ...(isBundled ? [attribute("group", `BUNDLE ${mid}`)] : [])],
  };
}
