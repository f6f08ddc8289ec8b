import { formatParameters, type RtpFormat } from "./rtp-formats.ts";

export type CodecName = "VP8" | "H264" | "opus";

/** A codec that both sides have, under the offerer's payload types, which are ours too. */
export interface NegotiatedCodec {
  readonly name: CodecName;
  readonly payloadType: number;
  /** Payload type of its retransmissions (RFC 4588), -1 if there are none. */
  readonly rtxPayloadType: number;
  readonly clockRate: number;
  readonly channels: number;
  /** What the answer says in fmtp, "" for nothing. */
  readonly parameters: string;
  /** What the answer says in rtcp-fb: those of ours that were offered. */
  readonly feedback: readonly string[];
}

interface CodecRule {
  readonly name: CodecName;
  readonly kind: "audio" | "video";
  readonly clockRate: number;
  readonly channels: number;
  readonly feedback: readonly string[];
  /** How well an offered format suits us; 0 not at all. Of several the best is answered, the first of equals. */
  suits(parameters: ReadonlyMap<string, string>): number;
  answer(parameters: ReadonlyMap<string, string>): string;
}

const VIDEO_FEEDBACK = ["nack", "nack pli", "ccm fir", "goog-remb", "transport-cc"];

/** RFC 6184 §8.1: baseline is 42; constraint_set1 makes it the constrained one, which is what all browsers have. */
function h264Profile(parameters: ReadonlyMap<string, string>): number {
  if (parameters.get("packetization-mode") !== "1") return 0;
  const profile = /^42([0-9a-f]{2})[0-9a-f]{2}$/i.exec(parameters.get("profile-level-id") ?? "");
  if (profile === null) return 0;
  return (Number.parseInt(profile[1]!, 16) & 0x40) !== 0 ? 2 : 1;
}

/** In the order in which an answer prefers them. */
const RULES: readonly CodecRule[] = [
  {
    name: "VP8",
    kind: "video",
    clockRate: 90_000,
    channels: 1,
    feedback: VIDEO_FEEDBACK,
    suits: () => 1,
    answer: () => "",
  },
  {
    name: "H264",
    kind: "video",
    clockRate: 90_000,
    channels: 1,
    feedback: VIDEO_FEEDBACK,
    suits: h264Profile,
    answer: parameters => {
      const asymmetry = parameters.get("level-asymmetry-allowed") === "1" ? "level-asymmetry-allowed=1;" : "";
      return `${asymmetry}packetization-mode=1;profile-level-id=${parameters.get("profile-level-id")}`;
    },
  },
  {
    name: "opus",
    kind: "audio",
    clockRate: 48_000,
    channels: 2,
    feedback: ["transport-cc"],
    suits: () => 1,
    // Stereo is asked for only where the sender says that it has some (RFC 7587 §6.1): for a microphone it wastes bits.
    answer: parameters => `minptime=10;useinbandfec=1${parameters.get("sprop-stereo") === "1" ? ";stereo=1" : ""}`,
  },
];

function isCodec(format: RtpFormat, name: string, clockRate: number, channels: number): boolean {
  return format.name.toLowerCase() === name && format.clockRate === clockRate && format.channels === channels;
}

function rtxOf(formats: readonly RtpFormat[], payloadType: number): number {
  const wanted = String(payloadType);
  const rtx = formats.find(
    ({ name, parameters }) => name.toLowerCase() === "rtx" && formatParameters(parameters).get("apt") === wanted,
  );
  return rtx?.payloadType ?? -1;
}

/** The codecs of an m-line that we have too, the most wanted first, each at most once. */
export function sharedCodecs(kind: "audio" | "video", formats: readonly RtpFormat[]): NegotiatedCodec[] {
  const shared: NegotiatedCodec[] = [];
  for (const rule of RULES) {
    if (rule.kind !== kind) continue;
    let best: RtpFormat | undefined;
    let bestSuits = 0;
    for (const format of formats) {
      if (!isCodec(format, rule.name.toLowerCase(), rule.clockRate, rule.channels)) continue;
      const suits = rule.suits(formatParameters(format.parameters));
      if (suits <= bestSuits) continue;
      best = format;
      bestSuits = suits;
    }
    if (best === undefined) continue;
    const { payloadType, clockRate, channels, feedback } = best;
    shared.push({
      name: rule.name,
      payloadType,
      rtxPayloadType: rtxOf(formats, payloadType),
      clockRate,
      channels,
      parameters: rule.answer(formatParameters(best.parameters)),
      feedback: rule.feedback.filter(wanted => feedback.includes(wanted)),
    });
  }
  return shared;
}

/** Payload type of redundant audio (RFC 2198) over that Opus, -1 if it isn't offered. */
export function redPayloadType(formats: readonly RtpFormat[], opus: NegotiatedCodec | undefined): number {
  if (opus === undefined) return -1;
  const red = formats.find(
    format =>
      isCodec(format, "red", opus.clockRate, opus.channels) &&
      format.parameters.split("/").every(part => part === String(opus.payloadType)),
  );
  return red?.payloadType ?? -1;
}
