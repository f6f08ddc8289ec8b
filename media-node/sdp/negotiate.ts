import { type CodecName, type NegotiatedCodec, redPayloadType, sharedCodecs } from "./codecs.ts";
import { mirror, type RtpExtensionIds, sharedExtensions } from "./extensions.ts";
import { attempt, fail, type SdpResult } from "./failure.ts";
import type { Msid, OfferedRid, OfferedSsrc } from "./media-attributes.ts";
import type { Offer, OfferedMedia } from "./offer.ts";
import type { Direction } from "./rtp-formats.ts";
import type { OfferedSctp } from "./sctp.ts";
import { type OfferedTransport, readTransport } from "./transport.ts";

export type { CodecName, NegotiatedCodec };

/**
 * Why an m-line carries nothing. `no-shared-codec` is still answered `inactive`, the others with port 0, since no legal
 * answer of ours could keep them.
 */
export type Refusal =
  | "stopped-by-offerer"
  | "unsupported-kind"
  | "unsupported-protocol"
  | "no-rtcp-mux"
  | "not-bundled"
  | "no-shared-codec";

/** What an m-line comes to: all that a session needs of it, whoever wrote the offer. */
export interface NegotiatedMedia {
  readonly index: number;
  readonly mid: string;
  readonly kind: "audio" | "video" | "application" | "other";
  /** Why nothing flows here, whatever the plan says. */
  readonly refusal: Refusal | undefined;
  /** The most that the offer allows, seen from us: `recvonly` where the peer wants to send. */
  readonly direction: Direction;
  /** Most wanted first. Empty for data channels and where there is a refusal. */
  readonly codecs: readonly NegotiatedCodec[];
  /** Payload type of RED over Opus, -1 if it isn't offered. */
  readonly redPayloadType: number;
  readonly extensions: RtpExtensionIds;
  /** Values of the answer's `a=extmap` lines. */
  readonly extensionLines: readonly string[];
  /** Layers that the peer will send by RID, in the order offered; empty without RIDs. */
  readonly rids: readonly OfferedRid[];
  /** Whether all layers come at the same time. */
  readonly simulcast: boolean;
  /** Streams that the peer declares; where RIDs are declared too (Firefox), in the order of the RIDs. */
  readonly ssrcs: readonly OfferedSsrc[];
  readonly msid: Msid | undefined;
  /** Set for data channels. */
  readonly sctp: OfferedSctp | undefined;
}

/** Whether an m-line is answered with port 0, which stops it for good in browsers. */
export function isRejected({ refusal }: NegotiatedMedia): boolean {
  return refusal !== undefined && refusal !== "no-shared-codec";
}

/** An offer judged: what can be answered, before anybody's grants are asked. */
export interface Negotiation {
  readonly offer: Offer;
  /** Index of the m-line whose transport all share: the first of the BUNDLE group that we keep (RFC 9143 §7.3). */
  readonly tag: number;
  readonly transport: OfferedTransport;
  /** One for each m-line, in the offer's order. */
  readonly media: readonly NegotiatedMedia[];
}

function refusalOf(media: OfferedMedia, offer: Offer, tag: OfferedMedia | undefined): Refusal | undefined {
  if (media.rejected) return "stopped-by-offerer";
  if (media.kind === "other") return "unsupported-kind";
  if (!media.rtp && media.sctp === undefined) return "unsupported-protocol";
  if (media.rtp && !media.rtcpMux) return "no-rtcp-mux";
  if (tag !== undefined && media !== tag && !(media.mid !== "" && offer.bundle.includes(media.mid)))
    return "not-bundled";
  return undefined;
}

/** The m-line whose transport all share: the first of the BUNDLE group that we can keep, or the first at all. */
function findTag(offer: Offer): OfferedMedia | undefined {
  const byMid = new Map(offer.media.filter(({ mid }) => mid !== "").map(media => [media.mid, media]));
  for (const mid of offer.bundle) {
    const media = byMid.get(mid);
    if (media !== undefined && refusalOf(media, offer, undefined) === undefined) return media;
  }
  return offer.media.find(media => refusalOf(media, offer, undefined) === undefined);
}

function negotiateMedia(
  media: OfferedMedia,
  refusal: Refusal | undefined,
  meanings: Map<number, string>,
): NegotiatedMedia {
  const { index, mid, kind, direction, formats, rids, simulcast, ssrcs, msid, sctp } = media;
  const codecs = kind === "audio" || kind === "video" ? sharedCodecs(kind, formats) : [];
  const missing = media.rtp && codecs.length === 0 ? "no-shared-codec" : undefined;
  const { ids, lines } = sharedExtensions(
    media.extensions,
    rids.length > 0,
    refusal === undefined ? meanings : new Map(),
  );
  return {
    index,
    mid,
    kind,
    refusal: refusal ?? missing,
    direction: mirror(direction),
    codecs: refusal === undefined ? codecs : [],
    redPayloadType: redPayloadType(
      formats,
      codecs.find(({ name }) => name === "opus"),
    ),
    extensions: ids,
    extensionLines: lines,
    rids,
    simulcast,
    ssrcs,
    msid,
    sctp,
  };
}

/**
 * Judges an offer: which m-lines can be kept, with which codecs and extensions, over which transport. Fails where no
 * answer would make a connection: nothing that can be kept, ICE-lite or DTLS passive at the other end too, credentials
 * or fingerprint missing.
 */
export function negotiate(offer: Offer): SdpResult<Negotiation> {
  return attempt(() => {
    const tag = findTag(offer);
    if (tag === undefined) {
      const first = offer.media[0];
      const why = first === undefined ? "no m= line" : refusalOf(first, offer, undefined);
      fail(first?.section.line ?? 0, `no m= line that can be answered (the first one: ${why})`);
    }
    const transport = readTransport(tag.section.attributes, offer.description.attributes, tag.section.line);
    const meanings = new Map<number, string>();
    const media = offer.media.map(each => negotiateMedia(each, refusalOf(each, offer, tag), meanings));
    return { offer, tag: tag.index, transport, media };
  });
}
