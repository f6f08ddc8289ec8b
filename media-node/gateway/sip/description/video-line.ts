import type { SdesKey } from "../../../../src/protocol/index.ts";
import { attribute, type SdpAttribute, type SdpDescription, type SdpMedia } from "../../../sdp/description.ts";
import { attempt } from "../../../sdp/failure.ts";
import type { Direction, RtpFormat } from "../../../sdp/rtp-formats.ts";
import { answerDirection, both, isDirection, reverse } from "./direction.ts";
import { isPlain, isSecure, type RemoteStream, readRemote } from "./remote-stream.ts";
import { type CryptoLine, createSdesKey, formatCrypto, readCrypto } from "./sdes.ts";

export type VideoCodec = "vp8" | "h264";

/** What holds between the two ends about what is seen. */
export interface VideoAgreement {
  /** Where the peer wants RTP; not yet proven to be the peer's. */
  readonly address: string;
  readonly port: number;
  readonly codec: VideoCodec;
  /** Both ways: numbers that differ are let alone. */
  readonly payloadType: number;
  /** As we see it. */
  readonly direction: Direction;
  readonly srtp: { readonly send: SdesKey; readonly receive: SdesKey } | undefined;
}

export interface VideoLineOptions {
  /** Where we receive RTP. */
  readonly port: number;
  readonly srtp: "off" | "optional" | "required";
}

/** The one video stream of a call, beside its sound: VP8 (RFC 7741) or H.264 (RFC 6184), whichever both have. */
export interface VideoLine {
  readonly port: number;
  /** Receives RTP at another port from the next offer or answer on. */
  moveTo(port: number): void;
  offer(wanted: Direction): SdpMedia;
  /** Undefined where nothing in an offer can be taken. */
  answer(
    description: SdpDescription,
    wanted: Direction,
  ): { readonly at: number; readonly media: SdpMedia; readonly agreement: VideoAgreement } | undefined;
  /** What an answer makes of our offer; undefined: nothing. */
  take(offered: SdpMedia, answered: SdpMedia, description: SdpDescription): VideoAgreement | undefined;
}

const CLOCK = 90_000;
/** What browsers send, and all of them take: constrained baseline, in as many packets as it needs. */
const H264 = "profile-level-id=42e01f;packetization-mode=1";
const OFFERED: readonly { readonly codec: VideoCodec; readonly payloadType: number; readonly parameters: string }[] = [
  { codec: "vp8", payloadType: 96, parameters: "" },
  { codec: "h264", payloadType: 97, parameters: H264 },
];
const NAMES: Readonly<Record<VideoCodec, string>> = { vp8: "VP8", h264: "H264" };

/** Another profile than (constrained) baseline a browser may not decode; a single packet (mode 0) holds none of its pictures. */
const isBaseline = (parameters: string): boolean => {
  const profile = /(?:^|;)\s*profile-level-id\s*=\s*([0-9a-f]{2})/i.exec(parameters)?.[1] ?? "42";
  return profile === "42" && /(?:^|;)\s*packetization-mode\s*=\s*1/i.test(parameters);
};

function codecOf({ name, clockRate, parameters }: RtpFormat): VideoCodec | undefined {
  if (clockRate !== CLOCK) return undefined;
  if (name.toUpperCase() === "VP8") return "vp8";
  return name.toUpperCase() === "H264" && isBaseline(parameters) ? "h264" : undefined;
}

/** What a format is, and that key pictures may be asked for: systems that don't know of it pass over it. */
const formatLines = (codec: VideoCodec, payloadType: number, parameters: string): SdpAttribute[] => [
  attribute("rtpmap", `${payloadType} ${NAMES[codec]}/${CLOCK}`),
  ...(parameters === "" ? [] : [attribute("fmtp", `${payloadType} ${parameters}`)]),
  attribute("rtcp-fb", `${payloadType} nack`),
  attribute("rtcp-fb", `${payloadType} nack pli`),
  attribute("rtcp-fb", `${payloadType} ccm fir`),
];

export function createVideoLine({ port: firstPort, srtp }: VideoLineOptions): VideoLine {
  let port = firstPort;
  /** Ours, as long as its stream goes on; never taken up again (RFC 3711 §9.1). */
  let key: SdesKey | undefined;

  function ownKey(suite: SdesKey["suite"]): SdesKey {
    if (key?.suite !== suite) key = createSdesKey(suite);
    return key;
  }

  const isUsable = (media: SdpMedia): boolean => {
    if (media.kind !== "video" || media.port === 0) return false;
    return isPlain(media) ? srtp !== "required" : isSecure(media) && srtp !== "off" && readCrypto(media) !== undefined;
  };

  function read(description: SdpDescription, media: SdpMedia): RemoteStream | undefined {
    const parsed = attempt(() => readRemote(description, media));
    return parsed.ok ? parsed.value : undefined;
  }

  const describe = (protocol: string, formats: readonly number[], lines: readonly SdpAttribute[]): SdpMedia => ({
    ...{ kind: "video", port, protocol, line: 0 },
    formats: formats.map(String),
    attributes: [...lines],
  });

  function agreementOf(
    { address, port: at }: RemoteStream,
    codec: VideoCodec,
    payloadType: number,
    direction: Direction,
    theirs: CryptoLine | undefined,
  ): VideoAgreement {
    if (theirs === undefined) key = undefined;
    const keys = theirs && { send: ownKey(theirs.key.suite), receive: theirs.key };
    return { address, port: at, codec, payloadType, direction, srtp: keys };
  }

  return {
    get port() {
      return port;
    },
    moveTo(next) {
      port = next;
    },
    offer(wanted) {
      const isSecured = srtp === "required";
      const crypto = () => formatCrypto({ tag: "1", key: ownKey("AES_CM_128_HMAC_SHA1_80") });
      return describe(
        isSecured ? "RTP/SAVP" : "RTP/AVP",
        OFFERED.map(({ payloadType }) => payloadType),
        [
          ...OFFERED.flatMap(({ codec, payloadType, parameters }) => formatLines(codec, payloadType, parameters)),
          ...(isSecured ? [attribute("crypto", crypto())] : []),
          attribute(wanted),
        ],
      );
    },
    answer(description, wanted) {
      const at = description.media.findIndex(isUsable);
      const media = description.media[at];
      const remote = media && read(description, media);
      if (!media || !remote) return undefined;
      const format = remote.formats.find(each => codecOf(each) !== undefined);
      const codec = format && codecOf(format);
      if (!format || !codec) return undefined;
      const { payloadType, parameters } = format;
      const crypto = isSecure(media) ? readCrypto(media) : undefined;
      const direction = answerDirection(remote.direction, wanted);
      const keys = crypto && { tag: crypto.tag, key: ownKey(crypto.key.suite) };
      const level = /profile-level-id\s*=\s*[0-9a-f]{6}/i.exec(parameters)?.[0] ?? "profile-level-id=42e01f";
      const lines = [
        ...formatLines(codec, payloadType, codec === "h264" ? `${level};packetization-mode=1` : ""),
        ...(keys ? [attribute("crypto", formatCrypto(keys))] : []),
        attribute(direction),
      ];
      return {
        ...{ at, media: describe(media.protocol, [payloadType], lines) },
        agreement: agreementOf(remote, codec, payloadType, direction, crypto),
      };
    },
    take(offered, answered, description) {
      if (answered.kind !== "video" || answered.port === 0 || isSecure(offered) !== isSecure(answered))
        return undefined;
      const remote = read(description, answered);
      const crypto = isSecure(answered) ? readCrypto(answered) : undefined;
      if (!remote || (isSecure(answered) && crypto?.key.suite !== readCrypto(offered)?.key.suite)) return undefined;
      const format = remote.formats.find(
        each => codecOf(each) !== undefined && offered.formats.includes(String(each.payloadType)),
      );
      const codec = format && codecOf(format);
      if (!format || !codec) return undefined;
      const stated = offered.attributes.find(({ name }) => isDirection(name))?.name as Direction | undefined;
      const direction = both(reverse(remote.direction), stated ?? "sendrecv");
      return agreementOf(remote, codec, format.payloadType, direction, crypto);
    },
  };
}
