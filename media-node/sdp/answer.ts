import type { SdpAttribute, SdpMedia } from "./description.ts";
import { attribute } from "./description.ts";
import { RTP_EXTENSION_URI } from "./extensions.ts";
import { formatDescription } from "./format.ts";
import { isRejected, type NegotiatedMedia, type Negotiation } from "./negotiate.ts";
import type { OfferedMedia } from "./offer.ts";
import type { Direction } from "./rtp-formats.ts";
import type { Fingerprint } from "./transport.ts";

/** What we send on an m-line: the numbers and names that stay while sources come and go. */
export interface SlotPlan {
  readonly ssrc: number;
  /** Of retransmissions; used only if a codec of the m-line has them. */
  readonly rtxSsrc: number;
  /** Equal for what is to be played in sync. */
  readonly streamId: string;
  readonly trackId: string;
}

/** What is granted on an m-line. */
export interface MediaPlan {
  /** Whether the peer may send. */
  readonly receive?: boolean;
  /** What we may send. */
  readonly send?: SlotPlan | undefined;
}

export interface AnswerPlan {
  /** `o=`: a number of up to 19 digits that stays for the session. */
  readonly sessionId: string;
  /** `o=`: raised with every answer of the session. */
  readonly version: number;
  readonly ice: { readonly ufrag: string; readonly password: string };
  /** Values of `a=candidate` lines: all there are, since we don't trickle. */
  readonly candidates: readonly string[];
  readonly fingerprint: Fingerprint;
  readonly cname: string;
  /** Largest data channel message that we take, in bytes. */
  readonly maxMessageSize: number;
  /**
   * RED for audio: left out by default; `accept` lists it behind Opus, so that it may be sent to the peer but the peer
   * sends plain Opus; `prefer` lists it first, so that the peer sends it.
   */
  readonly red?: "accept" | "prefer" | undefined;
  /**
   * Whether we send transport-wide feedback, default true. Promised and not sent, Chromium stays at 400 kbit/s whatever
   * REMB says (measured 2026-11-24).
   */
  readonly transportFeedback?: boolean;
  /** By index of the m-line; what is missing is answered `inactive`. */
  readonly media: readonly (MediaPlan | undefined)[];
}

/** The direction in which an m-line is answered, seen from us. */
export function answerDirection(media: NegotiatedMedia, plan: MediaPlan | undefined): Direction {
  if (media.refusal !== undefined) return "inactive";
  const receives = plan?.receive === true && (media.direction === "sendrecv" || media.direction === "recvonly");
  const sends = plan?.send !== undefined && (media.direction === "sendrecv" || media.direction === "sendonly");
  if (receives) return sends ? "sendrecv" : "recvonly";
  return sends ? "sendonly" : "inactive";
}

const NOWHERE = { addressType: "IP4", address: "0.0.0.0" };
/** The discard port: where to send is said by candidates (RFC 8840 §4.1.1). */
const DISCARD = 9;

function codecLines(
  media: NegotiatedMedia,
  { red, transportFeedback }: AnswerPlan,
): { formats: string[]; lines: SdpAttribute[] } {
  const formats: string[] = [];
  const lines: SdpAttribute[] = [];
  for (const codec of media.codecs) {
    const channels = codec.channels === 1 ? "" : `/${codec.channels}`;
    formats.push(String(codec.payloadType));
    lines.push(attribute("rtpmap", `${codec.payloadType} ${codec.name}/${codec.clockRate}${channels}`));
    for (const feedback of codec.feedback) {
      if (feedback !== "transport-cc" || transportFeedback !== false) {
        lines.push(attribute("rtcp-fb", `${codec.payloadType} ${feedback}`));
      }
    }
    if (codec.parameters !== "") lines.push(attribute("fmtp", `${codec.payloadType} ${codec.parameters}`));
    if (codec.rtxPayloadType >= 0) {
      formats.push(String(codec.rtxPayloadType));
      lines.push(attribute("rtpmap", `${codec.rtxPayloadType} rtx/${codec.clockRate}`));
      lines.push(attribute("fmtp", `${codec.rtxPayloadType} apt=${codec.payloadType}`));
    }
  }
  const opus = media.codecs[0];
  if (red !== undefined && opus !== undefined && media.redPayloadType >= 0) {
    formats.splice(red === "prefer" ? 0 : formats.length, 0, String(media.redPayloadType));
    lines.push(attribute("rtpmap", `${media.redPayloadType} red/${opus.clockRate}/${opus.channels}`));
    lines.push(attribute("fmtp", `${media.redPayloadType} ${opus.payloadType}/${opus.payloadType}`));
  }
  return { formats, lines };
}

/** One of the offer's own formats, so that an m-line without a shared codec can be kept, inactive. */
function placeholder(offered: OfferedMedia): { formats: string[]; lines: SdpAttribute[] } {
  const format = offered.formats.find(({ name }) => !/^(?:rtx|red|ulpfec|flexfec.*|cn|telephone-event)$/i.test(name));
  if (format === undefined) return { formats: [offered.section.formats[0]!], lines: [] };
  const { payloadType, name, clockRate, channels, parameters } = format;
  const lines = [attribute("rtpmap", `${payloadType} ${name}/${clockRate}${channels === 1 ? "" : `/${channels}`}`)];
  if (parameters !== "") lines.push(attribute("fmtp", `${payloadType} ${parameters}`));
  return { formats: [String(payloadType)], lines };
}

function slotLines(media: NegotiatedMedia, slot: SlotPlan, cname: string): SdpAttribute[] {
  const lines = [attribute("msid", `${slot.streamId} ${slot.trackId}`)];
  const rtx = media.codecs.some(({ rtxPayloadType }) => rtxPayloadType >= 0);
  // Firefox binds retransmissions only by this group (measured 2026-11-24).
  if (rtx) lines.push(attribute("ssrc-group", `FID ${slot.ssrc} ${slot.rtxSsrc}`));
  lines.push(attribute("ssrc", `${slot.ssrc} cname:${cname}`));
  if (rtx) lines.push(attribute("ssrc", `${slot.rtxSsrc} cname:${cname}`));
  return lines;
}

/** Every layer offered is answered, even where nothing may be sent yet: Chromium forgets for good those left out. */
function layerLines(media: NegotiatedMedia): SdpAttribute[] {
  const lines = media.rids.map(({ id }) => attribute("rid", `${id} recv`));
  if (media.simulcast) {
    const list = media.rids.map(({ id, paused }) => (paused ? `~${id}` : id)).join(";");
    lines.push(attribute("simulcast", `recv ${list}`));
  }
  return lines;
}

function extensionLines({ extensionLines: lines }: NegotiatedMedia, { transportFeedback }: AnswerPlan): SdpAttribute[] {
  const wanted = lines.filter(line => transportFeedback !== false || !line.endsWith(RTP_EXTENSION_URI.transportCc));
  return wanted.map(value => attribute("extmap", value));
}

function rtpSection(media: NegotiatedMedia, offered: OfferedMedia, plan: AnswerPlan): SdpMedia {
  const granted = plan.media[media.index];
  const direction = answerDirection(media, granted);
  const sends = direction === "sendrecv" || direction === "sendonly";
  const { formats, lines } = media.codecs.length > 0 ? codecLines(media, plan) : placeholder(offered);
  const attributes = [
    attribute("rtcp-mux"),
    ...(offered.rtcpReducedSize ? [attribute("rtcp-rsize")] : []),
    attribute(direction),
    ...lines,
    ...(media.refusal === undefined ? extensionLines(media, plan) : []),
    ...(media.refusal === undefined ? layerLines(media) : []),
    ...(sends && granted?.send !== undefined ? slotLines(media, granted.send, plan.cname) : []),
  ];
  return section(offered, DISCARD, formats, attributes);
}

function sctpSection(media: NegotiatedMedia, offered: OfferedMedia, plan: AnswerPlan): SdpMedia {
  const { formats } = offered.section;
  const legacy = media.sctp?.legacy === true;
  const port = legacy
    ? attribute("sctpmap", `${formats[0]} webrtc-datachannel 65535`)
    : attribute("sctp-port", String(media.sctp?.port));
  const size = attribute("max-message-size", String(plan.maxMessageSize));
  return section(offered, DISCARD, [formats[0]!], [port, size]);
}

function section(
  { section: { kind, protocol }, mid }: OfferedMedia,
  port: number,
  formats: readonly string[],
  attributes: readonly SdpAttribute[],
): SdpMedia {
  // GStreamer's webrtcbin asks it of every m-line, whatever the session says (1.22).
  const common = port === 0 ? [] : [attribute("setup", "passive")];
  const own = [...(mid === "" ? [] : [attribute("mid", mid)]), ...common, ...attributes];
  return { kind, port, protocol, formats, connection: NOWHERE, attributes: own, line: 0 };
}

function answerSection(media: NegotiatedMedia, offered: OfferedMedia, plan: AnswerPlan): SdpMedia {
  if (isRejected(media)) return section(offered, 0, offered.section.formats.slice(0, 1), [attribute("inactive")]);
  return media.kind === "application" ? sctpSection(media, offered, plan) : rtpSection(media, offered, plan);
}

/**
 * Writes the answer: ICE-lite, DTLS passive, one transport for all. What holds for the transport stands once: credentials
 * and fingerprint at session level (aiortc refuses m-lines without credentials, Firefox crashes on ones without a
 * fingerprint), candidates at the m-line that all others are bundled with.
 * @throws TypeError if a value of the plan holds a line break
 */
export function createAnswer(negotiation: Negotiation, plan: AnswerPlan): string {
  const { offer } = negotiation;
  const media = negotiation.media.map((each, i) => answerSection(each, offer.media[i]!, plan));
  const kept = new Set(negotiation.media.filter(each => !isRejected(each)).map(({ mid }) => mid));
  const bundle = offer.bundle.filter(mid => kept.has(mid));
  const candidates = [...plan.candidates.map(value => attribute("candidate", value)), attribute("end-of-candidates")];
  const mixed = offer.media.every(each => each.extmapAllowMixed || !each.rtp || each.rejected);
  return formatDescription({
    origin: {
      username: "-",
      sessionId: plan.sessionId,
      version: String(plan.version),
      addressType: "IP4",
      address: "127.0.0.1",
    },
    name: "-",
    attributes: [
      attribute("ice-lite"),
      ...(mixed ? [attribute("extmap-allow-mixed")] : []),
      ...(bundle.length > 0 ? [attribute("group", `BUNDLE ${bundle.join(" ")}`)] : []),
      attribute("ice-ufrag", plan.ice.ufrag),
      attribute("ice-pwd", plan.ice.password),
      attribute("fingerprint", `${plan.fingerprint.algorithm} ${plan.fingerprint.value}`),
      attribute("setup", "passive"),
    ],
    media: media.map((each, i) =>
      i === negotiation.tag ? { ...each, attributes: [...each.attributes, ...candidates] } : each,
    ),
  });
}
