import type { SessionOffer } from "../../../src/protocol/index.ts";
import type { IceCredentials } from "../../ice/credentials.ts";

/** Payload types and header extension ids that the model client offers. */
export const OFFERED = { opus: 111, vp8: 96, rtx: 97, mid: 4, audioLevel: 1 } as const;

/** How many slots of each group. */
export interface Slots {
  readonly video: number;
  readonly paired: number;
  readonly floating: number;
}

export interface ModelOfferOptions {
  readonly ice: IceCredentials;
  /** Value of `a=fingerprint`. */
  readonly fingerprint: string;
  readonly sessionId: number;
  readonly version: number;
  readonly slots: Slots;
  /** Without one the node goes by the m-lines. */
  readonly withPlan: boolean;
  readonly withChannel: boolean;
}

const CODECS = {
  audio: [
    `m=audio 9 UDP/TLS/RTP/SAVPF ${OFFERED.opus}`,
    `a=rtpmap:${OFFERED.opus} opus/48000/2`,
    `a=extmap:${OFFERED.audioLevel} urn:ietf:params:rtp-hdrext:ssrc-audio-level`,
  ],
  video: [
    `m=video 9 UDP/TLS/RTP/SAVPF ${OFFERED.vp8} ${OFFERED.rtx}`,
    // Like Firefox, for video only.
    "a=rtcp-rsize",
    `a=rtpmap:${OFFERED.vp8} VP8/90000`,
    `a=rtcp-fb:${OFFERED.vp8} nack`,
    `a=rtcp-fb:${OFFERED.vp8} nack pli`,
    `a=rtcp-fb:${OFFERED.vp8} goog-remb`,
    `a=rtpmap:${OFFERED.rtx} rtx/90000`,
    `a=fmtp:${OFFERED.rtx} apt=${OFFERED.vp8}`,
  ],
} as const;

/**
 * The offer of a client with a microphone (mid 0), a camera (1), and slots: the groups of the first offer, then what a
 * further one adds.
 */
export function modelOffer(options: ModelOfferOptions, more?: Slots): SessionOffer {
  const { ice, fingerprint, slots } = options;
  const lines: string[] = [];
  const mids: string[] = [];
  const section = (body: readonly string[]): string => {
    const [first, ...rest] = body;
    const mid = String(mids.length);
    mids.push(mid);
    lines.push(first!, "c=IN IP4 0.0.0.0", `a=mid:${mid}`, "a=rtcp-mux", ...rest);
    return mid;
  };
  const media = (kind: "audio" | "video", direction: string): string =>
    section([...CODECS[kind], `a=extmap:${OFFERED.mid} urn:ietf:params:rtp-hdrext:sdes:mid`, `a=${direction}`]);
  const groups = { video: [] as string[], paired: [] as string[], floating: [] as string[] };
  const add = ({ video, paired, floating }: Slots): void => {
    for (let i = 0; i < video; i++) groups.video.push(media("video", "recvonly"));
    for (let i = 0; i < paired; i++) groups.paired.push(media("audio", "recvonly"));
    for (let i = 0; i < floating; i++) groups.floating.push(media("audio", "recvonly"));
  };
  media("audio", "sendonly");
  media("video", "sendonly");
  add(slots);
  if (options.withChannel) {
    section(["m=application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000", "a=max-message-size:262144"]);
  }
  if (more !== undefined) add(more);
  const session = [
    "v=0",
    `o=- ${options.sessionId} ${options.version} IN IP4 127.0.0.1`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${mids.join(" ")}`,
    `a=ice-ufrag:${ice.ufrag}`,
    `a=ice-pwd:${ice.password}`,
    `a=fingerprint:${fingerprint}`,
    "a=setup:actpass",
  ];
  const sdp = `${[...session, ...lines].join("\r\n")}\r\n`;
  return options.withPlan ? { sdp, plan: { sources: { "0": 0, "1": 1 }, ...groups } } : { sdp };
}
