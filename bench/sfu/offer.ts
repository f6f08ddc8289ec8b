import type { SessionOffer } from "../../src/protocol/index.ts";

/** Payload types, header extension ids and the camera's SSRC in the load tool's offers. */
export const OFFERED = {
  opus: 111,
  vp8: 96,
  rtx: 97,
  audioLevel: 1,
  absSendTime: 2,
  mid: 4,
  cameraSsrc: 2_000,
} as const;

/** As many slots as the SDK asks for. */
const SLOTS = { video: 9, paired: 9, floating: 3 } as const;

export interface OfferIdentity {
  readonly sessionId: number;
  readonly ufrag: string;
  readonly password: string;
  readonly fingerprint: { readonly algorithm: string; readonly value: string };
}

const CODECS = {
  audio: [
    `m=audio 9 UDP/TLS/RTP/SAVPF ${OFFERED.opus}`,
    `a=rtpmap:${OFFERED.opus} opus/48000/2`,
    `a=extmap:${OFFERED.audioLevel} urn:ietf:params:rtp-hdrext:ssrc-audio-level`,
  ],
  video: [
    `m=video 9 UDP/TLS/RTP/SAVPF ${OFFERED.vp8} ${OFFERED.rtx}`,
    `a=rtpmap:${OFFERED.vp8} VP8/90000`,
    `a=rtcp-fb:${OFFERED.vp8} nack`,
    `a=rtcp-fb:${OFFERED.vp8} nack pli`,
    `a=rtcp-fb:${OFFERED.vp8} goog-remb`,
    `a=rtpmap:${OFFERED.rtx} rtx/90000`,
    `a=fmtp:${OFFERED.rtx} apt=${OFFERED.vp8}`,
  ],
} as const;

/** What the SDK offers, without the parts that packets don't pass: a microphone, a camera, and slots. */
export function createOffer({ sessionId, ufrag, password, fingerprint }: OfferIdentity): SessionOffer {
  const sections: string[] = [];
  const media = (kind: "audio" | "video", ...attributes: string[]): string => {
    const mid = String(sections.length);
    const [line, ...rest] = CODECS[kind];
    const common = ["c=IN IP4 0.0.0.0", `a=mid:${mid}`, "a=rtcp-mux", "a=rtcp-rsize"];
    const extensions = [
      `a=extmap:${OFFERED.absSendTime} http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time`,
      `a=extmap:${OFFERED.mid} urn:ietf:params:rtp-hdrext:sdes:mid`,
    ];
    sections.push([line, ...common, ...rest, ...extensions, ...attributes].join("\r\n"));
    return mid;
  };
  const slots = (kind: "audio" | "video", count: number): string[] =>
    Array.from({ length: count }, () => media(kind, "a=recvonly"));
  const mic = media("audio", "a=sendonly");
  const camera = media("video", "a=sendonly", `a=ssrc:${OFFERED.cameraSsrc} cname:load`);
  const plan = {
    sources: { [mic]: 0, [camera]: 1 },
    video: slots("video", SLOTS.video),
    paired: slots("audio", SLOTS.paired),
    floating: slots("audio", SLOTS.floating),
  };
  const session = [
    "v=0",
    `o=- ${sessionId} 1 IN IP4 127.0.0.1`,
    "s=-",
    "t=0 0",
    `a=group:BUNDLE ${sections.map((_, mid) => mid).join(" ")}`,
    `a=ice-ufrag:${ufrag}`,
    `a=ice-pwd:${password}`,
    `a=fingerprint:${fingerprint.algorithm} ${fingerprint.value}`,
    "a=setup:actpass",
  ];
  return { sdp: `${[...session, ...sections].join("\r\n")}\r\n`, plan };
}
