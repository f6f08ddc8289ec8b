import type { OfferedExtension } from "./media-attributes.ts";
import type { Direction } from "./rtp-formats.ts";

/** The RTP header extensions that we use, and their URIs. */
export const RTP_EXTENSION_URI = {
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  absSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  transportCc: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
  orientation: "urn:3gpp:video-orientation",
} as const;
export type RtpExtension = keyof typeof RTP_EXTENSION_URI;

/** Ids of an m-line's header extensions; 0: not negotiated. They differ between m-lines of some peers (werift, aiortc). */
export type RtpExtensionIds = Readonly<Record<RtpExtension, number>>;

/** Ids that fit into one-byte headers (RFC 8285 §4.2); browsers stay within them for what we use. */
const MAX_ID = 14;
const NAMES = Object.keys(RTP_EXTENSION_URI) as RtpExtension[];

/**
 * Those of the extensions offered that we use, as ids and as values of the answer's `a=extmap` lines.
 * @param layered whether the peer sends RIDs: Chromium offers their extensions everywhere
 * @param meanings what ids stand for on earlier m-lines, added to: bundled m-lines share them (RFC 9143 §9.1.2), and of
 *   a peer that offers one id for two things, as aiortc does, an own answer would make it misread us
 */
export function sharedExtensions(
  offered: readonly OfferedExtension[],
  layered: boolean,
  meanings: Map<number, string>,
): { ids: RtpExtensionIds; lines: string[] } {
  const ids: Record<RtpExtension, number> = {
    mid: 0,
    rid: 0,
    repairedRid: 0,
    audioLevel: 0,
    absSendTime: 0,
    transportCc: 0,
    orientation: 0,
  };
  const lines: string[] = [];
  const taken = new Set<number>();
  for (const { id, uri, direction } of offered) {
    const name = NAMES.find(candidate => RTP_EXTENSION_URI[candidate] === uri);
    if (name === undefined || ids[name] !== 0 || id < 1 || id > MAX_ID || taken.has(id) || direction === "inactive") {
      continue;
    }
    if ((meanings.get(id) ?? uri) !== uri) continue;
    if (!layered && (name === "rid" || name === "repairedRid")) continue;
    ids[name] = id;
    taken.add(id);
    meanings.set(id, uri);
    lines.push(direction === undefined ? `${id} ${uri}` : `${id}/${mirror(direction)} ${uri}`);
  }
  return { ids, lines };
}

/** A direction as seen from the other side. */
export function mirror(direction: Direction): Direction {
  if (direction === "sendonly") return "recvonly";
  return direction === "recvonly" ? "sendonly" : direction;
}
