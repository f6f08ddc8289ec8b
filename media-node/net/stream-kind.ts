import { MAX_FRAME } from "./framed-connection.ts";

/** What a TCP connection to a media port is, by its first bytes. */
export const StreamKind = {
  /** More bytes are needed. */
  undecided: 0,
  /** An ICE agent: RFC 4571 frames, the first of them a Binding request (RFC 6544 §6.2). */
  ice: 1,
  /** A TURN client, bare or over TLS. None begins with ChannelData: it has no channel yet. */
  turn: 2,
  unknown: 3,
} as const;
export type StreamKind = (typeof StreamKind)[keyof typeof StreamKind];

/** So many bytes always decide: a frame's length and a STUN header up to its cookie. */
export const DECISIVE_BYTES = 10;

const TLS_HANDSHAKE = 0x16;
const STUN_HEADER = 20;
const MAGIC_COOKIE = [0x21, 0x12, 0xa4, 0x42] as const;

/** Whether what is there of the cookie at `at` is right. */
function mayHaveCookie(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < MAGIC_COOKIE.length && at + i < bytes.length; i++)
    if (bytes[at + i] !== MAGIC_COOKIE[i]) return false;
  return true;
}

/** Whether the bytes may begin a frame that holds a Binding request: type 0x0001, its length 20 less than the frame's. */
function mayBeFramed(bytes: Uint8Array): boolean {
  const [high = 0, low = 0, type = 0, method = 1, bodyHigh, bodyLow] = bytes;
  if (type !== 0 || method !== 1) return false;
  const most = (high << 8) | (bytes.length > 1 ? low : 0xff);
  const least = (high << 8) | low;
  if (most < STUN_HEADER || least > MAX_FRAME) return false;
  if (bodyHigh !== undefined && bodyHigh !== (least - STUN_HEADER) >> 8) return false;
  if (bodyLow !== undefined && bodyLow !== ((least - STUN_HEADER) & 0xff)) return false;
  return mayHaveCookie(bytes, 6);
}

/** @param bytes what has come so far; of more than {@link DECISIVE_BYTES} it looks at the first ones */
export function streamKind(bytes: Uint8Array): StreamKind {
  const first = bytes[0];
  if (first === undefined) return StreamKind.undecided;
  if (first === TLS_HANDSHAKE) {
    if (bytes.length < 2) return StreamKind.undecided;
    return bytes[1] === 3 ? StreamKind.turn : StreamKind.unknown;
  }
  const isBare = first < 4 && ((bytes[3] ?? 0) & 3) === 0 && mayHaveCookie(bytes, 4);
  if (isBare && bytes.length >= 8) return StreamKind.turn;
  const isFramed = mayBeFramed(bytes);
  if (isFramed && bytes.length >= DECISIVE_BYTES) return StreamKind.ice;
  return isBare || isFramed ? StreamKind.undecided : StreamKind.unknown;
}
