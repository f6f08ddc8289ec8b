import type { RtpHeader } from "./rtp-header.ts";

/** The header extensions the node reads or writes, by their URIs in SDP. */
export const EXTENSION_URIS = {
  mid: "urn:ietf:params:rtp-hdrext:sdes:mid",
  rid: "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
  repairedRid: "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
  audioLevel: "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
  absoluteSendTime: "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
  transportNumber: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
} as const;

export type ExtensionName = keyof typeof EXTENSION_URIS;

/** Ids negotiated for an m-line, 1-255. */
export type ExtensionIds = { [name in ExtensionName]?: number };

const NAMES = Object.keys(EXTENSION_URIS) as ExtensionName[];

/** Index of each extension in {@link ExtensionFields}. */
export const EXTENSION = {
  mid: 0,
  rid: 1,
  repairedRid: 2,
  audioLevel: 3,
  absoluteSendTime: 4,
  transportNumber: 5,
} as const satisfies Record<ExtensionName, number>;

const NONE = 255;

/** Which {@link EXTENSION} an id stands for. Made once per negotiation. */
export type ExtensionMap = Uint8Array;

/** @throws RangeError for an id outside 1-255. */
export function createExtensionMap(ids: ExtensionIds): ExtensionMap {
  const map = new Uint8Array(256).fill(NONE);
  for (const name of NAMES) {
    const id = ids[name];
    if (id === undefined) continue;
    if (!Number.isInteger(id) || id < 1 || id > 255) throw new RangeError(`header extension id ${id} of ${name}`);
    map[id] = EXTENSION[name];
  }
  return map;
}

/** Where the extensions of one packet lie, indexed by {@link EXTENSION}; an offset of -1 means absent. */
export interface ExtensionFields {
  readonly offset: Int32Array;
  readonly length: Uint8Array;
}

export function createExtensionFields(): ExtensionFields {
  return { offset: new Int32Array(NAMES.length).fill(-1), length: new Uint8Array(NAMES.length) };
}

/**
 * Walks the header extension of a packet once (RFC 8285 §4.2 one-byte and §4.3 two-byte form).
 * Unknown ids are skipped; of a repeated id the first counts.
 * @returns false when an element reaches beyond the extension.
 */
export function readExtensions(bytes: Uint8Array, header: RtpHeader, map: ExtensionMap, out: ExtensionFields): boolean {
  const { offset, length } = out;
  for (let kind = 0; kind < offset.length; kind++) offset[kind] = -1;
  const profile = header.extensionProfile;
  const oneByte = profile === 0xbede;
  if (!oneByte && profile >> 4 !== 0x100) return true;
  let position = header.extensionOffset;
  const end = position + header.extensionLength;
  while (position < end) {
    const first = bytes[position++]!;
    let id = first;
    let size = 0;
    if (oneByte) {
      id = first >> 4;
      if (id === 0) continue;
      if (id === 15) return true;
      size = (first & 15) + 1;
    } else {
      if (id === 0) continue;
      if (position === end) return false;
      size = bytes[position++]!;
    }
    if (position + size > end) return false;
    const kind = map[id]!;
    if (kind !== NONE && offset[kind] === -1) {
      offset[kind] = position;
      length[kind] = size;
    }
    position += size;
  }
  return true;
}

/** What {@link audioLevelByte} answers where a packet has no level. */
export const NO_LEVEL = 255;

/** RFC 6464 byte of a packet: voice bit and level, 0 (loudest) to 127 (silence); {@link NO_LEVEL} where it has none. */
export function audioLevelByte(bytes: Uint8Array, fields: ExtensionFields): number {
  const offset = fields.offset[EXTENSION.audioLevel]!;
  if (offset < 0 || fields.length[EXTENSION.audioLevel] === 0) return NO_LEVEL;
  const level = bytes[offset]!;
  // "Voice, but silent" counts as silence: its value stands for absence.
  return level === NO_LEVEL ? 0x7f : level;
}

/** A time in milliseconds as absolute send time: 24 bits of 6.18 fixed point seconds, wrapping every 64 s. */
export function toAbsoluteSendTime(milliseconds: number): number {
  return Math.floor((milliseconds % 64_000) * 262.144) & 0xffffff;
}

/** An extension of text (mid, rid) as a string, or "" where absent. Allocates: only while streams are bound. */
export function textOf(bytes: Uint8Array, fields: ExtensionFields, kind: number): string {
  const offset = fields.offset[kind]!;
  return offset < 0 ? "" : String.fromCharCode(...bytes.subarray(offset, offset + fields.length[kind]!));
}
