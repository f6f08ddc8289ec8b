import { findAttribute, type SdpAttribute, type SdpMedia } from "./description.ts";
import { fail } from "./failure.ts";
import { readNumber } from "./parse.ts";

/** What an `m=application` line for data channels says (RFC 8841). */
export interface OfferedSctp {
  readonly port: number;
  /** Largest message that the offerer takes; 0 means any. */
  readonly maxMessageSize: number;
  /** Written in the form of the drafts (`DTLS/SCTP 5000` and `a=sctpmap`), as aiortc does; to be answered likewise. */
  readonly legacy: boolean;
}

const CHANNEL = "webrtc-datachannel";
/** RFC 8841 §6.1: what holds if the attribute is absent. */
const DEFAULT_MAX_MESSAGE_SIZE = 65_536;

function maxMessageSize(attributes: readonly SdpAttribute[]): number {
  const found = findAttribute(attributes, "max-message-size");
  if (found === undefined) return DEFAULT_MAX_MESSAGE_SIZE;
  return readNumber(found.value, 15, found.line, "a=max-message-size must be a number");
}

function port(text: string | undefined, line: number): number {
  const value = readNumber(text, 5, line, "the SCTP port must be a number");
  if (value > 65_535) fail(line, "the SCTP port is above 65535");
  return value;
}

/** Reads an m-line of data channels; undefined if it is of something else. */
export function readSctp(media: SdpMedia): OfferedSctp | undefined {
  const { attributes, protocol, formats, line } = media;
  if (protocol === "UDP/DTLS/SCTP" || protocol === "TCP/DTLS/SCTP") {
    if (formats[0] !== CHANNEL) return undefined;
    const found = findAttribute(attributes, "sctp-port");
    if (found === undefined) fail(line, "no a=sctp-port for this m= line");
    return { port: port(found.value, found.line), maxMessageSize: maxMessageSize(attributes), legacy: false };
  }
  if (protocol !== "DTLS/SCTP") return undefined;
  const map = attributes.find(({ name, value }) => name === "sctpmap" && value.startsWith(`${formats[0]} ${CHANNEL}`));
  if (map === undefined) return undefined;
  return { port: port(formats[0], line), maxMessageSize: maxMessageSize(attributes), legacy: true };
}
