/** What a datagram on a media port is, by its first bytes (RFC 7983 §7, RFC 5761 §4). */
export const PacketKind = { unknown: 0, stun: 1, dtls: 2, turnChannel: 3, rtp: 4, rtcp: 5 } as const;
export type PacketKind = (typeof PacketKind)[keyof typeof PacketKind];

/**
 * Tells protocols that share a port apart. It looks at two bytes only: whoever handles the packet must still doubt it.
 * @returns a {@link PacketKind}; `unknown` for an empty datagram and for bytes that no protocol of ours begins with
 */
export function packetKind(bytes: Uint8Array, offset: number, length: number): PacketKind {
  if (length < 2) return PacketKind.unknown;
  const first = bytes[offset]!;
  if (first >= 128 && first <= 191) {
    const second = bytes[offset + 1]!;
    return second >= 192 && second <= 223 ? PacketKind.rtcp : PacketKind.rtp;
  }
  if (first <= 3) return PacketKind.stun;
  if (first >= 20 && first <= 63) return PacketKind.dtls;
  if (first >= 64 && first <= 79) return PacketKind.turnChannel;
  return PacketKind.unknown;
}
