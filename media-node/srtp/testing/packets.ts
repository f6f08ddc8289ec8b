import { createNodePrimitives } from "../node-primitives.ts";
import { type SrtpMasterKey, srtpProfiles } from "../profiles.ts";
import { selectSrtpPrimitives } from "../select-primitives.ts";

export const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text.replace(/\s/g, ""), "hex"));
export const toHex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** What this runtime offers: the portable primitives, and the fast ones where they were chosen. */
export const primitiveSets = [
  ...new Map([createNodePrimitives(), selectSrtpPrimitives()].map(p => [p.name, p])).values(),
];

/** Every profile on every set of primitives, for `describe.each`. */
export const combinations = srtpProfiles.flatMap(profile =>
  primitiveSets.map(primitives => ({ name: `${profile.name} on ${primitives.name}`, profile, primitives })),
);

export function masterKey(profile: SrtpMasterKey["profile"], seed = 1): SrtpMasterKey {
  return {
    profile,
    key: Uint8Array.from({ length: profile.keyLength }, (_, i) => i * 7 + seed),
    salt: Uint8Array.from({ length: profile.saltLength }, (_, i) => i * 11 + seed * 3),
  };
}

export interface RtpShape {
  readonly sequence: number;
  readonly ssrc?: number;
  readonly csrcs?: number;
  readonly extensionWords?: number | undefined;
  readonly payload?: Uint8Array;
  readonly padding?: number;
}

/** A well-formed RTP packet and the length of its header. */
export function rtpPacket(shape: RtpShape): { packet: Uint8Array; headerLength: number } {
  const { sequence, ssrc = 0x11223344, csrcs = 0, extensionWords, payload = new Uint8Array(20), padding = 0 } = shape;
  const extension = extensionWords === undefined ? 0 : 4 + 4 * extensionWords;
  const headerLength = 12 + 4 * csrcs + extension;
  const packet = new Uint8Array(headerLength + payload.length + padding);
  const view = new DataView(packet.buffer);
  packet[0] = 0x80 | csrcs | (extensionWords === undefined ? 0 : 0x10) | (padding > 0 ? 0x20 : 0);
  packet[1] = 96;
  view.setUint16(2, sequence);
  view.setUint32(4, sequence * 3000);
  view.setUint32(8, ssrc);
  for (let i = 0; i < csrcs; i++) view.setUint32(12 + 4 * i, 1000 + i);
  if (extensionWords !== undefined) {
    view.setUint16(12 + 4 * csrcs, 0xbede);
    view.setUint16(14 + 4 * csrcs, extensionWords);
    packet.fill(0x10, 16 + 4 * csrcs, headerLength);
  }
  packet.set(payload, headerLength);
  if (padding > 0) packet[packet.length - 1] = padding;
  return { packet, headerLength };
}

/** A receiver report without blocks, followed by `extra` bytes. */
export function rtcpPacket(ssrc: number, extra = new Uint8Array(0)): Uint8Array {
  const packet = new Uint8Array(8 + extra.length);
  packet.set([0x80, 201, 0, 1]);
  new DataView(packet.buffer).setUint32(4, ssrc);
  packet.set(extra, 8);
  return packet;
}

/** Copies `packet` to `offset` of a larger buffer with room behind it. */
export function inRoom(packet: Uint8Array, offset = 0, room = 32): Uint8Array {
  const buffer = new Uint8Array(new ArrayBuffer(offset + packet.length + room));
  buffer.set(packet, offset);
  return buffer;
}
