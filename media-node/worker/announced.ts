import { networkInterfaces } from "node:os";
import type { IceAddress } from "../ice/candidate.ts";

/** The machine's addresses, as `os.networkInterfaces` tells them. */
export type Interfaces = () => ReturnType<typeof networkInterfaces>;

const WILDCARDS: Readonly<Record<string, "IPv4" | "IPv6">> = { "0.0.0.0": "IPv4", "::": "IPv6" };

/** Usable from elsewhere: link-local addresses mean nothing without a zone. */
const isReachable = (address: string): boolean => !/^(169\.254\.|fe[89ab])/i.test(address);

/** The addresses of one family that a wildcard listens on; loopback where the machine has no other. */
function addressesOf(family: "IPv4" | "IPv6", interfaces: Interfaces): string[] {
  const all = Object.values(interfaces()).flatMap(list => list ?? []);
  const own = all.filter(each => each.family === family && isReachable(each.address));
  const outer = own.filter(each => !each.internal);
  return (outer.length > 0 ? outer : own).map(({ address }) => address);
}

/**
 * Where clients reach a worker, in order of preference: the announced addresses (1:1 NAT), else those it listens on, a
 * wildcard standing for all of its family.
 */
export function announcedAddresses(
  listen: readonly string[],
  announce: readonly string[],
  port: number,
  interfaces: Interfaces = networkInterfaces,
): IceAddress[] {
  const chosen = announce.length > 0 ? announce : listen;
  const addresses = chosen.flatMap(address => {
    const family = WILDCARDS[address];
    return family === undefined ? [address] : addressesOf(family, interfaces);
  });
  return [...new Set(addresses)].map(address => ({ protocol: "udp", address, port }));
}
