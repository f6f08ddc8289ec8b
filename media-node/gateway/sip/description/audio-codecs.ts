/** Codecs of an audio m-line, ours and the peer's. @module */
import { attribute, type SdpMedia } from "../../../sdp/description.ts";
import type { RtpFormat } from "../../../sdp/rtp-formats.ts";

/** A codec that we can send and receive, or `telephone-event`. */
export interface AudioCodec {
  /** Encoding name. */
  readonly name: string;
  /** As SDP says it: 8000 for G.722, 48000 for Opus. */
  readonly clockRate: number;
  readonly channels: number;
  /** What we offer it as. */
  readonly payloadType: number;
  /** Our fmtp, "" if there is none. */
  readonly parameters: string;
}

/** A codec that both sides have; each side may number it as it likes. */
export interface AgreedCodec {
  /** As our own codec is called. */
  readonly name: string;
  readonly clockRate: number;
  readonly channels: number;
  readonly sendType: number;
  readonly receiveType: number;
  /** The peer's fmtp, and ours. */
  readonly parameters: string;
  readonly ownParameters: string;
}

const EVENTS = "telephone-event";
/** Silence that says how it sounds (RFC 3389). */
const NOISE = "cn";
/** Whether a codec carries sound: not what stands beside it. */
export const isSound = (name: string): boolean => !isEvents(name) && name.toLowerCase() !== NOISE;
export const isEvents = (name: string): boolean => name.toLowerCase() === EVENTS;

/** Phones say `telephone-event/8000` beside Opus as often as 48000: events are taken at any clock. */
export function isSameCodec(ours: AudioCodec, theirs: RtpFormat): boolean {
  if (ours.name.toLowerCase() !== theirs.name.toLowerCase()) return false;
  return isEvents(ours.name) || (ours.clockRate === theirs.clockRate && ours.channels === theirs.channels);
}

export function describeCodecs(codecs: readonly AgreedCodec[]): SdpMedia["attributes"] {
  return codecs.flatMap(({ receiveType, name, clockRate, channels, ownParameters }) => [
    attribute("rtpmap", `${receiveType} ${name}/${clockRate}${channels > 1 ? `/${channels}` : ""}`),
    ...(ownParameters === "" ? [] : [attribute("fmtp", `${receiveType} ${ownParameters}`)]),
  ]);
}

/** The number that a description of ours gave to a codec; undefined if it isn't in it. */
export function ownType(media: SdpMedia, codec: AudioCodec): number | undefined {
  const wanted = `${codec.name}/${codec.clockRate}${codec.channels > 1 ? `/${codec.channels}` : ""}`.toLowerCase();
  const line = media.attributes.find(
    ({ name, value }) => name === "rtpmap" && value.toLowerCase().endsWith(` ${wanted}`),
  );
  return line ? Number(line.value.split(" ", 1)[0]) : undefined;
}
