/** Where a media worker can be reached. */
export interface IceAddress {
  readonly protocol: "udp" | "tcp";
  /** As peers see it (announced, not local, behind 1:1 NAT); IPv6 without brackets. */
  readonly address: string;
  readonly port: number;
}

const HOST_TYPE_PREFERENCE = 126;
/** RFC 6544 §4.2: below every UDP candidate, so that TCP is taken only where UDP doesn't get through. */
const TCP_TYPE_PREFERENCE = 90;
/** Direction preference of passive TCP candidates of a host, RFC 6544 §4.2, in the top three of 16 bits. */
const TCP_PASSIVE_PREFERENCE = 4 << 13;
const COMPONENT = 1;

/**
 * The values of `a=candidate` lines for a worker's addresses (RFC 8839 §5.1): host candidates, preferred in the order
 * given, every UDP one before every TCP one (passive: browsers connect).
 */
export function hostCandidates(addresses: readonly IceAddress[]): string[] {
  return addresses.map(({ protocol, address, port }, i) => {
    const udp = protocol === "udp";
    const order = Math.max(0, 8191 - i);
    const localPreference = udp ? 57_344 + order : TCP_PASSIVE_PREFERENCE + order;
    const type = udp ? HOST_TYPE_PREFERENCE : TCP_TYPE_PREFERENCE;
    const priority = type * 2 ** 24 + localPreference * 2 ** 8 + 256 - COMPONENT;
    const line = `${i + 1} ${COMPONENT} ${protocol} ${priority} ${address} ${port} typ host`;
    return udp ? line : `${line} tcptype passive`;
  });
}
