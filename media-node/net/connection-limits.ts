import { parseAddress } from "./address.ts";

/** Counts connections, in all and per sender, so that a flood from one leaves room for the others. */
export interface ConnectionLimits {
  readonly count: number;
  /** Counts one in; false when there are too many already. */
  admit(address: string): boolean;
  /** Counts one out that was admitted. */
  leave(address: string): void;
}

/** Bytes of an IPv6 address that one customer of a provider has alone: what follows is theirs to choose. */
const IPV6_PREFIX = 8;

function senderOf(address: string): string {
  const bytes = address.includes(":") ? parseAddress(address) : undefined;
  return bytes?.length === 16 ? bytes.subarray(0, IPV6_PREFIX).join() : address;
}

/** @param perAddress of one IPv4 address or one /64 of IPv6; 0: no limit */
export function createConnectionLimits(total: number, perAddress: number): ConnectionLimits {
  const counts = new Map<string, number>();
  let all = 0;
  return {
    get count() {
      return all;
    },
    admit(address) {
      const sender = senderOf(address);
      const count = counts.get(sender) ?? 0;
      // A socket that was reset already has no address any more.
      if (address === "" || all >= total || (perAddress > 0 && count >= perAddress)) return false;
      counts.set(sender, count + 1);
      all++;
      return true;
    },
    leave(address) {
      const sender = senderOf(address);
      const count = counts.get(sender) ?? 0;
      if (count === 0) return;
      if (count === 1) counts.delete(sender);
      else counts.set(sender, count - 1);
      all--;
    },
  };
}
