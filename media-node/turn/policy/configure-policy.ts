import { networkInterfaces } from "node:os";
import { parseAddress } from "../../net/address.ts";
import { STUN_FAMILY } from "../../stun/constants.ts";
import type { TurnConfig } from "../config.ts";
import type { Allowance, PeerPolicyOptions } from "./peer-policy.ts";
import { parseRange } from "./ranges.ts";

/** @throws Error for an address that is none */
export function addressBytes(text: string): Uint8Array {
  const bytes = parseAddress(text);
  if (!bytes) throw new Error(`"${text}" is no IP address`);
  return bytes;
}

export const familyOf = (bytes: Uint8Array): number => (bytes.length === 4 ? STUN_FAMILY.ipv4 : STUN_FAMILY.ipv6);

/**
 * The rules for peers.
 * @param isMediaPort whether a media worker of this node listens on a port now
 * @throws Error for a range that can't be read
 */
export function policyOf(
  { allowed, denied, media, announced, mediaAddresses }: TurnConfig,
  isMediaPort: (port: number) => boolean,
): PeerPolicyOptions {
  const interfaces = Object.values(networkInterfaces()).flatMap(list => list ?? []);
  const addresses = interfaces.map(({ address }) => address.split("%")[0]!);
  const mediaAt = (text: string, admits: (port: number) => boolean): Allowance => {
    const address = addressBytes(text);
    return { family: familyOf(address), address, kind: "media", admits };
  };
  return {
    allowed: allowed.map(parseRange),
    denied: denied.map(parseRange),
    own: ["0.0.0.0/8", "127.0.0.0/8", "::", "::1", ...addresses, ...announced.map(({ announced: at }) => at)].map(
      parseRange,
    ),
    allowances: [
      ...mediaAddresses.map(address => mediaAt(address, isMediaPort)),
      ...media.map(({ address, min, max }) => mediaAt(address, port => port >= min && port <= max)),
    ],
  };
}
