import { randomUUID } from "node:crypto";
import type { SdesKey } from "../../../src/protocol/index.ts";
import { codecOf } from "../../codec/codecs.ts";
import type { CodecName, NegotiatedMedia } from "../../sdp/negotiate.ts";

export type RtpMedia = "audio" | "video";

/** A stream of one medium, as whoever set it up describes it. */
export interface RtpStream {
  readonly media: RtpMedia;
  readonly codec: "opus" | "vp8" | "h264";
  readonly payloadType: number;
}

const NAMES: Readonly<Record<RtpStream["codec"], CodecName>> = { opus: "opus", vp8: "VP8", h264: "H264" };
const PARAMETERS: Readonly<Record<RtpStream["codec"], string>> = {
  opus: "useinbandfec=1",
  vp8: "",
  h264: "packetization-mode=1",
};
const NO_EXTENSIONS = { mid: 0, rid: 0, repairedRid: 0, audioLevel: 0, absSendTime: 0, transportCc: 0, orientation: 0 };

/** A stream as the m-line that a session would have negotiated for it. */
export function negotiatedOf(
  { media, codec, payloadType }: RtpStream,
  direction: "recvonly" | "sendonly" | "sendrecv",
): NegotiatedMedia {
  const { clockRate } = codecOf(codec)!;
  const channels = codec === "opus" ? 2 : 1;
  const parameters = PARAMETERS[codec];
  return {
    index: 0,
    mid: media,
    kind: media,
    refusal: undefined,
    direction,
    codecs: [{ name: NAMES[codec], payloadType, rtxPayloadType: -1, clockRate, channels, parameters, feedback: [] }],
    redPayloadType: -1,
    extensions: NO_EXTENSIONS,
    extensionLines: [],
    rids: [],
    simulcast: false,
    ssrcs: [],
    msid: undefined,
    sctp: undefined,
  };
}

/** What stands in a description for programs: RTP and RTCP at two ports. */
export interface DescribedStream extends RtpStream {
  readonly port: number;
  /** Of what we send; some programs find the key of SRTP by it. */
  readonly ssrc: number | undefined;
}

/**
 * A description (RFC 8866) for the program at the other end: where it sends to (`recvonly`: seen from us), or where it
 * listens.
 */
export function describe(
  address: string,
  streams: readonly DescribedStream[],
  direction: "recvonly" | "sendonly",
  srtp: SdesKey | undefined,
): string {
  const where = `IN ${address.includes(":") ? "IP6" : "IP4"} ${address}`;
  const id = Number.parseInt(randomUUID().slice(0, 8), 16);
  const lines = ["v=0", `o=- ${id} 1 ${where}`, "s=Tandem", `c=${where}`, "t=0 0"];
  for (const stream of streams) {
    const { media, codec, payloadType, port, ssrc } = stream;
    const { clockRate } = codecOf(codec)!;
    const parameters = PARAMETERS[codec];
    lines.push(`m=${media} ${port} RTP/${srtp ? "SAVP" : "AVP"} ${payloadType}`, `a=rtcp:${port + 1}`);
    lines.push(`a=rtpmap:${payloadType} ${NAMES[codec]}/${clockRate}${codec === "opus" ? "/2" : ""}`);
    if (parameters !== "") lines.push(`a=fmtp:${payloadType} ${parameters}`);
    if (srtp) lines.push(`a=crypto:1 ${srtp.suite} inline:${srtp.key}`);
    if (ssrc !== undefined) lines.push(`a=ssrc:${ssrc} cname:tandem`);
    lines.push(`a=${direction}`);
  }
  return `${lines.join("\r\n")}\r\n`;
}
