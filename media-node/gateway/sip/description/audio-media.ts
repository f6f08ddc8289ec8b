import type { SdesKey } from "../../../../src/protocol/index.ts";
import { attribute, type SdpAttribute, type SdpDescription, type SdpMedia } from "../../../sdp/description.ts";
import { attempt } from "../../../sdp/failure.ts";
import { formatDescription } from "../../../sdp/format.ts";
import { parseDescription } from "../../../sdp/parse.ts";
import type { Direction, RtpFormat } from "../../../sdp/rtp-formats.ts";
import type { SipMedia } from "../session/media.ts";
import {
  type AgreedCodec,
  type AudioCodec,
  describeCodecs,
  isEvents,
  isSameCodec,
  isSound,
  ownType,
} from "./audio-codecs.ts";
import { answerDirection, both, isDirection, reverse } from "./direction.ts";
import { bundleAttributes, dtlsAttributes, isDtlsAudio, type LocalDtls, type RemoteDtls, readDtls } from "./dtls.ts";
import { isPlainAudio, isSecureAudio, type RemoteStream, readRemote } from "./remote-stream.ts";
import { type CryptoLine, createSdesKey, formatCrypto, readCrypto } from "./sdes.ts";
import type { VideoAgreement, VideoLine } from "./video-line.ts";

/** What holds between the two ends after an offer was answered. */
export interface AudioAgreement {
  /** Where the peer wants RTP; not yet proven to be the peer's. */
  readonly address: string;
  /** 0: the stream is off. */
  readonly port: number;
  /** In the order of the offer. */
  readonly codecs: readonly AgreedCodec[];
  /** For DTMF (RFC 4733), perhaps of several clock rates. */
  readonly events: readonly AgreedCodec[];
  /** As we see it: without sending, the peer has put us on hold or wants silence. */
  readonly direction: Direction;
  /** How its end proves itself, where keys come by DTLS. */
  readonly dtls?: RemoteDtls;
  /** Keys, where sound is encrypted by such that signaling carries. */
  readonly srtp: { readonly send: SdesKey; readonly receive: SdesKey } | undefined;
  /** What is seen beside what is heard. */
  readonly video?: VideoAgreement;
}

export interface AudioMediaOptions {
  /** Where we receive RTP. */
  readonly address: string;
  readonly port: number;
  /** In the order of preference, `telephone-event` among them. */
  readonly codecs: readonly AudioCodec[];
  /** Whether sound is encrypted: `optional` takes offers of either kind, and offers none. */
  readonly srtp?: "off" | "optional" | "required";
  /** Our end of DTLS, where it may be: taken whatever `srtp` says of other keys. */
  readonly dtls?: LocalDtls | undefined;
  /** Whether DTLS is what we offer. */
  readonly offersDtls?: boolean;
  /** Absent: whoever wants to be seen is only heard. */
  readonly video?: VideoLine | undefined;
  /** For `o=`: up to 18 digits, other for every call. */
  readonly sessionId: string;
  /** Told of every agreement, also where nothing has changed. */
  agreed(agreement: AudioAgreement): void;
}

/** The one audio stream of a call, by offer and answer (RFC 3264), and video beside it; other m-lines are answered with port 0. */
export interface AudioMedia extends SipMedia {
  /** Sets what we want from the next offer or answer on: `sendonly` or `inactive` to hold. */
  setDirection(direction: Direction): void;
  /** Receives RTP at another port from the next offer or answer on. */
  moveTo(port: number, videoPort: number | undefined): void;
}

export function createAudioMedia(options: AudioMediaOptions): AudioMedia {
  const { address, codecs, sessionId, srtp = "off", dtls, offersDtls = false, video, agreed } = options;
  let { port } = options;
  const addressType = address.includes(":") ? "IP6" : "IP4";
  let wanted: Direction = "sendrecv";
  /** Our last description: a later one keeps its m-lines. */
  let local: readonly SdpMedia[] = [];
  /** What stands before them. */
  let before: readonly SdpAttribute[] = [];
  let written = "";
  let version = 0;
  /**
   * Ours, the one in use: the stream that it encrypts goes on. One that was left for another suite, or for none, is never taken up
   * again: counters that begin anew under it would encrypt something else by the same bytes (RFC 3711 §9.1).
   */
  const ownKeys = new Map<SdesKey["suite"], SdesKey>();

  function ownKey(suite: SdesKey["suite"]): SdesKey {
    const key = ownKeys.get(suite) ?? createSdesKey(suite);
    ownKeys.set(suite, key);
    return key;
  }

  const isUsable = (media: SdpMedia, session: readonly SdpAttribute[]): boolean =>
    isDtlsAudio(media, session)
      ? dtls !== undefined
      : isPlainAudio(media)
        ? srtp !== "required"
        : isSecureAudio(media) && srtp !== "off" && (media.port === 0 || readCrypto(media) !== undefined);

  /** Writes a description; its version rises when anything in it has changed (RFC 3264 §8). */
  function write(media: readonly SdpMedia[], attributes: readonly SdpAttribute[] = before): string {
    before = attributes;
    const text = (number: number): string => {
      const origin = { username: "-", sessionId, version: String(number), addressType, address };
      const connection = { addressType, address };
      return formatDescription({ origin, name: "-", connection, attributes, media });
    };
    local = media;
    if (text(version) !== written) written = text(++version);
    return written;
  }

  function audio(
    protocol: string,
    agreedCodecs: readonly AgreedCodec[],
    direction: Direction,
    keys: readonly SdpAttribute[],
  ): SdpMedia {
    return {
      kind: "audio",
      port,
      protocol,
      formats: agreedCodecs.map(({ receiveType }) => String(receiveType)),
      attributes: [...describeCodecs(agreedCodecs), ...keys, attribute("ptime", "20"), attribute(direction)],
      line: 0,
    };
  }

  const off = ({ kind, protocol, formats }: SdpMedia): SdpMedia => ({
    kind,
    port: 0,
    protocol,
    formats,
    attributes: [],
    line: 0,
  });

  /** What we have of what the peer named; `receiveTypeOf` tells our number for it. */
  function common(
    remote: RemoteStream,
    receiveTypeOf: (ours: AudioCodec, theirs: RtpFormat) => number | undefined,
  ): AgreedCodec[] {
    return remote.formats.flatMap(theirs => {
      const ours = codecs.find(codec => isSameCodec(codec, theirs));
      const receiveType = ours && receiveTypeOf(ours, theirs);
      if (!ours || receiveType === undefined) return [];
      const { clockRate, channels, payloadType: sendType, parameters } = theirs;
      const { name, parameters: ownParameters } = ours;
      return [{ name, clockRate, channels, sendType, receiveType, parameters, ownParameters }];
    });
  }

  function agree(
    remote: RemoteStream,
    shared: readonly AgreedCodec[],
    direction: Direction,
    theirs: CryptoLine | undefined,
    remoteDtls: RemoteDtls | undefined,
    seen: VideoAgreement | undefined,
  ): void {
    for (const suite of ownKeys.keys()) if (suite !== theirs?.key.suite) ownKeys.delete(suite);
    agreed({
      address: remote.address,
      port: remote.port,
      codecs: shared.filter(({ name }) => isSound(name)),
      events: shared.filter(({ name }) => isEvents(name)),
      direction,
      ...(remoteDtls && { dtls: remoteDtls }),
      srtp: theirs && { send: ownKey(theirs.key.suite), receive: theirs.key },
      ...(seen && { video: seen }),
    });
  }

  function read(text: string): SdpDescription | undefined {
    const parsed = attempt(() => parseDescription(text));
    return parsed.ok ? parsed.value : undefined;
  }

  function readPeerDtls(description: SdpDescription, media: SdpMedia): RemoteDtls | undefined {
    const parsed = attempt(() => readDtls(description, media));
    return parsed.ok ? parsed.value : undefined;
  }

  function readAudio(description: SdpDescription, media: SdpMedia): RemoteStream | undefined {
    const parsed = attempt(() => readRemote(description, media));
    return parsed.ok ? parsed.value : undefined;
  }

  return {
    setDirection(direction) {
      wanted = direction;
    },
    moveTo(next, videoPort) {
      port = next;
      if (videoPort !== undefined) video?.moveTo(videoPort);
    },
    createOffer() {
      if (local.length === 0) {
        const own = codecs.map(codec => ({
          ...codec,
          sendType: codec.payloadType,
          receiveType: codec.payloadType,
          ownParameters: codec.parameters,
        }));
        if (dtls && offersDtls) {
          const keys = [...dtlsAttributes(dtls, address, port, undefined), attribute("mid", "0")];
          return write(
            [audio("UDP/TLS/RTP/SAVPF", own, wanted, keys)],
            [attribute("ice-lite"), attribute("group", "BUNDLE 0")],
          );
        }
        const beside = video ? [video.offer(wanted)] : [];
        if (srtp !== "required") return write([audio("RTP/AVP", own, wanted, []), ...beside]);
        const crypto = formatCrypto({ tag: "1", key: ownKey("AES_CM_128_HMAC_SHA1_80") });
        return write([audio("RTP/SAVP", own, wanted, [attribute("crypto", crypto)]), ...beside]);
      }
      return write(
        local.map(media => {
          if (media.port === 0) return media;
          const kept = media.attributes.filter(({ name }) => !isDirection(name));
          const at = media.kind === "video" && video ? video.port : port;
          return { ...media, port: at, attributes: [...kept, attribute(wanted)] };
        }),
      );
    },
    answerOffer(offer) {
      const description = read(offer);
      if (!description || description.media.length < local.length) return undefined;
      const at = description.media.findIndex(
        media => isUsable(media, description.attributes) && (media.port > 0 || local.length > 0),
      );
      const chosen = description.media[at];
      const remote = chosen && readAudio(description, chosen);
      if (!chosen || !remote) return undefined;
      const shared = common(remote, (_, theirs) => theirs.payloadType);
      if (!shared.some(({ name }) => isSound(name))) return undefined;
      const direction = remote.port === 0 ? "inactive" : answerDirection(remote.direction, wanted);
      const isByDtls = isDtlsAudio(chosen, description.attributes);
      const remoteDtls = isByDtls ? readPeerDtls(description, chosen) : undefined;
      if (isByDtls && remoteDtls === undefined && chosen.port > 0) return undefined;
      const crypto = !isByDtls && isSecureAudio(chosen) ? readCrypto(chosen) : undefined;
      const bundle = bundleAttributes(description, chosen, remoteDtls?.ice !== undefined);
      const keys = [
        ...(crypto ? [attribute("crypto", formatCrypto({ tag: crypto.tag, key: ownKey(crypto.key.suite) }))] : []),
        ...(dtls && remoteDtls ? [...dtlsAttributes(dtls, address, port, remoteDtls), ...bundle.media] : []),
      ];
      const seen = remoteDtls ? undefined : video?.answer(description, wanted);
      const answer = write(
        description.media.map((media, i) => {
          if (i === at && media.port > 0) return audio(media.protocol, shared, direction, keys);
          return seen?.at === i ? seen.media : off(media);
        }),
        remoteDtls ? bundle.session : [],
      );
      agree(remote, shared, direction, crypto, remoteDtls, seen?.agreement);
      return answer;
    },
    applyAnswer(answer) {
      const description = read(answer);
      if (description?.media.length !== local.length) return false;
      const at = local.findIndex(({ kind, port: offered }) => kind === "audio" && offered > 0);
      const offered = local[at];
      const answered = description.media[at];
      if (!offered || !answered || isSecureAudio(offered) !== isSecureAudio(answered)) return false;
      const isByDtls = isDtlsAudio(offered, before);
      const remoteDtls = isByDtls ? readPeerDtls(description, answered) : undefined;
      if (isByDtls && (remoteDtls === undefined || !isDtlsAudio(answered, description.attributes))) return false;
      const crypto = !isByDtls && isSecureAudio(answered) ? readCrypto(answered) : undefined;
      if (isByDtls) {
        // Its certificate will prove it.
      } else if (isSecureAudio(answered)) {
        const own = readCrypto(offered);
        // The line that it takes, with a key of its own (RFC 4568 §6.2).
        if (crypto?.tag !== own?.tag || crypto?.key.suite !== own?.key.suite) return false;
      } else if (!isPlainAudio(answered)) return false;
      const remote = readAudio(description, answered);
      if (!remote || remote.port === 0) return false;
      const shared = common(remote, ours => ownType(offered, ours));
      if (!shared.some(({ name }) => isSound(name))) return false;
      const stated = offered.attributes.find(({ name }) => isDirection(name))?.name as Direction | undefined;
      const beside = local.findIndex(({ kind, port: offered }) => kind === "video" && offered > 0);
      const seen = beside < 0 ? undefined : video?.take(local[beside]!, description.media[beside]!, description);
      agree(remote, shared, both(reverse(remote.direction), stated ?? "sendrecv"), crypto, remoteDtls, seen);
      return true;
    },
  };
}
