import { parseAddress } from "../../../net/address.ts";
import type { SdpDescription, SdpMedia } from "../../../sdp/description.ts";
import { type Direction, type RtpFormat, readDirection, readRtpFormats } from "../../../sdp/rtp-formats.ts";
import { both } from "./direction.ts";

/** An m-line of the peer's. */
export interface RemoteStream {
  /** Where it wants RTP: an IP address. */
  readonly address: string;
  /** 0: the stream is off. */
  readonly port: number;
  readonly formats: readonly RtpFormat[];
  /** As the peer sees it; an address of zeros means that it doesn't want to receive (RFC 3264 §8.4). */
  readonly direction: Direction;
}

/** Whether an m-line is RTP without encryption; AVPF is answered as it is. */
export const isPlain = ({ protocol }: SdpMedia): boolean => protocol === "RTP/AVP" || protocol === "RTP/AVPF";

/** Whether an m-line is SRTP (RFC 3711 §8.2, with keys by RFC 4568). */
export const isSecure = ({ protocol }: SdpMedia): boolean => protocol === "RTP/SAVP" || protocol === "RTP/SAVPF";

export const isPlainAudio = (media: SdpMedia): boolean => media.kind === "audio" && isPlain(media);
export const isSecureAudio = (media: SdpMedia): boolean => media.kind === "audio" && isSecure(media);

function isZero(address: string): boolean {
  return parseAddress(address)?.every(byte => byte === 0) ?? false;
}

/** Reads an m-line; undefined if there is no address that could be sent to. To be called below `attempt`. */
export function readRemote(description: SdpDescription, media: SdpMedia): RemoteStream | undefined {
  const address = (media.connection ?? description.connection)?.address;
  if (address === undefined || !parseAddress(address)) return undefined;
  const stated = readDirection(media) ?? readDirection(description) ?? "sendrecv";
  const direction = isZero(address) ? both(stated, "sendonly") : stated;
  return { address, port: media.port, formats: readRtpFormats(media), direction };
}
