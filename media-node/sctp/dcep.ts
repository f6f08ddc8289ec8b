/** The Data Channel Establishment Protocol (RFC 8832). */

/** Payload protocol identifiers (RFC 8831 §8). */
export const Ppid = { dcep: 50, string: 51, binary: 53, emptyString: 56, emptyBinary: 57 } as const;

const ACK = 2;
const OPEN = 3;
const UNORDERED = 0x80;
const LIMITED_RETRANSMITS = 1;
const LIMITED_LIFETIME = 2;

/** A data channel's parameters. At most one of the two limits is finite; both infinite means reliable. */
export interface ChannelParameters {
  /** The SCTP stream in both directions. */
  readonly id: number;
  readonly label: string;
  readonly protocol: string;
  readonly ordered: boolean;
  readonly maxRetransmits: number;
  /** In ms. */
  readonly maxPacketLifeTime: number;
}

export const OPEN_ACK = Uint8Array.of(ACK);

/** Parses DATA_CHANNEL_OPEN (§5.1); undefined for anything else. */
export function parseOpen(id: number, payload: Uint8Array): ChannelParameters | undefined {
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
  if (bytes.length < 12 || bytes[0] !== OPEN) return undefined;
  const labelEnd = 12 + bytes.readUInt16BE(8);
  const protocolEnd = labelEnd + bytes.readUInt16BE(10);
  const reliability = bytes[1]! & ~UNORDERED;
  if (bytes.length !== protocolEnd || reliability > LIMITED_LIFETIME) return undefined;
  const limit = bytes.readUInt32BE(4);
  return {
    id,
    label: bytes.toString("utf8", 12, labelEnd),
    protocol: bytes.toString("utf8", labelEnd, protocolEnd),
    ordered: (bytes[1]! & UNORDERED) === 0,
    maxRetransmits: reliability === LIMITED_RETRANSMITS ? limit : Number.POSITIVE_INFINITY,
    maxPacketLifeTime: reliability === LIMITED_LIFETIME ? limit : Number.POSITIVE_INFINITY,
  };
}
