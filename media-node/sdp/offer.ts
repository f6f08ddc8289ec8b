import { findAttribute, type SdpDescription, type SdpMedia } from "./description.ts";
import { attempt, fail, type SdpResult } from "./failure.ts";
import {
  type Msid,
  type OfferedExtension,
  type OfferedRid,
  type OfferedSsrc,
  readExtensions,
  readMid,
  readMsid,
  readRids,
  readSsrcs,
} from "./media-attributes.ts";
import { parseDescription } from "./parse.ts";
import { type Direction, type RtpFormat, readDirection, readRtpFormats } from "./rtp-formats.ts";
import { type OfferedSctp, readSctp } from "./sctp.ts";

/** An offer of a WebRTC endpoint (RFC 8829), typed, before anything is decided. */
export interface Offer {
  readonly description: SdpDescription;
  /** mids of the first BUNDLE group that has any (RFC 9143). */
  readonly bundle: readonly string[];
  readonly media: readonly OfferedMedia[];
}

/** One m-line of an offer. */
export interface OfferedMedia {
  readonly index: number;
  readonly section: SdpMedia;
  /** `other` for every kind but these three. */
  readonly kind: "audio" | "video" | "application" | "other";
  /** "" if the offer gives none. */
  readonly mid: string;
  /** Port 0 without `a=bundle-only`: a transceiver that was stopped. */
  readonly rejected: boolean;
  /** As offered, seen from the offerer. */
  readonly direction: Direction;
  /** Whether it is RTP secured by DTLS. */
  readonly rtp: boolean;
  /** Empty unless `rtp`. */
  readonly formats: readonly RtpFormat[];
  readonly extensions: readonly OfferedExtension[];
  readonly rids: readonly OfferedRid[];
  /** Whether `a=simulcast` asks for the rids to be sent at the same time. */
  readonly simulcast: boolean;
  readonly ssrcs: readonly OfferedSsrc[];
  readonly msid: Msid | undefined;
  readonly rtcpMux: boolean;
  readonly rtcpReducedSize: boolean;
  /** Whether one- and two-byte header extensions may be mixed (RFC 8285 §6). */
  readonly extmapAllowMixed: boolean;
  /** Set for data channels. */
  readonly sctp: OfferedSctp | undefined;
}

/** Profiles of RFC 8829 §5.1.2, all meaning the same over DTLS. */
const RTP_PROTOCOLS = new Set([
  "UDP/TLS/RTP/SAVPF",
  "TCP/DTLS/RTP/SAVPF",
  "UDP/TLS/RTP/SAVP",
  "TCP/DTLS/RTP/SAVP",
  "RTP/SAVPF",
  "RTP/SAVP",
]);

function readBundle(description: SdpDescription): string[] {
  for (const { name, value } of description.attributes) {
    if (name !== "group") continue;
    const [semantics, ...mids] = value.trim().split(/ +/);
    if (semantics === "BUNDLE" && mids.length > 0) return mids;
  }
  return [];
}

/** What the session says for all m-lines at once. */
interface SessionDefaults {
  readonly direction: Direction;
  readonly extensions: readonly OfferedExtension[];
  readonly extmapAllowMixed: boolean;
}

function readDefaults(description: SdpDescription): SessionDefaults {
  return {
    direction: readDirection(description) ?? "sendrecv",
    extensions: readExtensions(description.attributes),
    extmapAllowMixed: findAttribute(description.attributes, "extmap-allow-mixed") !== undefined,
  };
}

function readMedia(section: SdpMedia, index: number, defaults: SessionDefaults): OfferedMedia {
  const { attributes, kind } = section;
  const has = (name: string) => findAttribute(attributes, name) !== undefined;
  const rejected = section.port === 0 && !has("bundle-only");
  const rtp = (kind === "audio" || kind === "video") && RTP_PROTOCOLS.has(section.protocol);
  // What is rejected is answered by rejection alone: its lines don't matter.
  const read = rtp && !rejected;
  return {
    index,
    section,
    kind: kind === "audio" || kind === "video" || kind === "application" ? kind : "other",
    mid: readMid(attributes),
    rejected,
    direction: readDirection(section) ?? defaults.direction,
    rtp,
    formats: read ? readRtpFormats(section) : [],
    extensions: read ? [...readExtensions(attributes), ...defaults.extensions] : [],
    ...(read ? readRids(attributes) : { rids: [], simulcast: false }),
    ssrcs: read ? readSsrcs(attributes) : [],
    msid: read ? readMsid(attributes) : undefined,
    rtcpMux: has("rtcp-mux") || has("rtcp-mux-only"),
    rtcpReducedSize: has("rtcp-rsize"),
    extmapAllowMixed: has("extmap-allow-mixed") || defaults.extmapAllowMixed,
    sctp: kind === "application" && !rejected ? readSctp(section) : undefined,
  };
}

/**
 * Reads an offer. Bounded: at most 256 KiB, 200 m-lines, 16 KiB a line. Copes with whatever a WebRTC endpoint may offer;
 * attributes that we don't know are ignored.
 */
export function parseOffer(text: string): SdpResult<Offer> {
  return attempt(() => {
    const description = parseDescription(text);
    const defaults = readDefaults(description);
    const media = description.media.map((section, index) => readMedia(section, index, defaults));
    if (media.length === 0) fail(0, "no m= line");
    const mids = new Set<string>();
    for (const { mid, section } of media) {
      if (mid !== "" && mids.has(mid)) fail(section.line, `a second m= line with mid ${mid}`);
      mids.add(mid);
    }
    return { description, bundle: readBundle(description), media };
  });
}
