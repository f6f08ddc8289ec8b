import { parseAddress } from "../../../net/address.ts";
import type { SdpDescription, SdpMedia } from "../../../sdp/description.ts";
import { type Direction, type RtpFormat, readDirection, readRtpFormats } from "../../../sdp/rtp-formats.ts";
import { both } from "./direction.ts";

/** An audio m-line of the peer's. */
export interface RemoteAudio {
  /** Where it wants RTP: an IP address. */
  readonly address: string;
  /** 0: the stream is off. */
  readonly port: number;
  readonly formats: readonly RtpFormat[];
  /** As the peer sees it; an address of zeros means that it doesn't want to receive (RFC 3264 §8.4). */
  readonly direction: Direction;
}

/** Whether an m-line is audio over RTP without encryption; AVPF is answered as it is, without any of its feedback. */
export function isPlainAudio({ kind, protocol }: SdpMedia): boolean {
  return kind === "audio" && (protocol === "RTP/AVP" || protocol === "RTP/AVPF");
}

/** Whether an m-line is audio over SRTP (RFC 3711 §8.2, with keys by RFC 4568). */
export function isSecureAudio({ kind, protocol }: SdpMedia): boolean {
  return kind === "audio" && (protocol === "RTP/SAVP" || protocol === "RTP/SAVPF");
}

function isZero(address: string): boolean {
  return parseAddress(address)?.every(byte => byte === 0) ?? false;
}

/** Reads an audio m-line; undefined if there is no address that could be sent to. To be called below `attempt`. */
export function readRemoteAudio(description: SdpDescription, media: SdpMedia): RemoteAudio | undefined {
  const address = (media.connection ?? description.connection)?.address;
  if (address === undefined || !parseAddress(address)) return undefined;
  const stated = readDirection(media) ?? readDirection(description) ?? "sendrecv";
  const direction = isZero(address) ? both(stated, "sendonly") : stated;
  return { address, port: media.port, formats: readRtpFormats(media), direction };
}
