import { formatAddress, parseAddress } from "../../net/address.ts";
import type { Settings } from "../../settings.ts";
import type { AddressPair } from "./discovery-sockets.ts";

/** What NAT behaviour discovery listens on beside the TURN port. */
export interface DiscoveryConfig {
  /** 0: a free one. */
  readonly port: number;
  readonly pairs: readonly AddressPair[];
}

/**
 * The second port and addresses, checked against those listened on; undefined while discovery is off.
 * @throws Error that names the setting
 */
export function discoveryConfig(settings: Settings, workers: number): DiscoveryConfig | undefined {
  const { listen, rfc5780 } = settings;
  const first = settings["listening-port"];
  const second = settings["alt-listening-port"];
  const alternates = settings["alt-listening-ip"];
  if (!rfc5780) {
    if (alternates.length > 0 || second > 0) throw new Error("--alt-listening-ip and -port belong to --rfc5780 true");
    return undefined;
  }
  if (alternates.length === 0) throw new Error("--rfc5780 needs a second address: --alt-listening-ip");
  if (second > 0 && (second === first || second === settings["tls-listening-port"]))
    throw new Error("--alt-listening-port is a port of its own");
  if (first === 65_535 && second === 0) throw new Error("--alt-listening-port: no port follows 65535");
  if (first === 0 && second === 0 && workers > 1)
    throw new Error("--alt-listening-port: several workers need one that is known beforehand");
  const pairs = alternates.map(text => {
    const bytes = parseAddress(text);
    if (!bytes) throw new Error(`--alt-listening-ip: "${text}" is no IP address`);
    const partner = listen.find(address => parseAddress(address)?.length === bytes.length);
    // A wildcard would hold every address's port, and nobody could tell which one a request came to.
    if (!partner || parseAddress(partner)!.every(byte => byte === 0))
      throw new Error(`--listen: --rfc5780 needs an address of the family of ${text}, not all of them`);
    return { first: partner, second: formatAddress(bytes) };
  });
  const addresses = [...listen, ...pairs.map(pair => pair.second)];
  if (new Set(addresses).size < addresses.length || new Set(pairs.map(pair => pair.first)).size < pairs.length)
    throw new Error("--alt-listening-ip takes one address a family, and none that --listen has");
  return { port: second > 0 ? second : first > 0 ? first + 1 : 0, pairs };
}
