import { formatAddress } from "../net/address.ts";
import type { RelayAddress } from "./context.ts";
import type { Allowance } from "./policy/peer-policy.ts";

/** Which ports of a node's relay addresses have a relay now, of this worker or of another. */
export interface OpenRelays {
  has(family: number, port: number): boolean;
  /** Whether there is one at a local address, as a socket spells it. */
  isAt(address: string, port: number): boolean;
  /** Sets whether a port is open; a family that has no relays is ignored. */
  set(family: number, port: number, isOpen: boolean): void;
}

const PORTS = 0x10000;

export function createOpenRelays(addresses: readonly RelayAddress[]): OpenRelays {
  // Workers' slices of the ports don't meet, so one table a family serves all.
  const tables = new Map(addresses.map(({ family }) => [family, new Uint8Array(PORTS)]));
  const families = new Map(addresses.map(({ family, local }) => [formatAddress(local), family]));
  return {
    isAt: (address, port) => tables.get(families.get(address) ?? 0)?.[port] === 1,
    has: (family, port) => tables.get(family)?.[port] === 1,
    set(family, port, isOpen) {
      const table = tables.get(family);
      if (table) table[port] = Number(isOpen);
    },
  };
}

/** Lets relays reach one another: each address at the ports that are open. */
export function relayAllowances(addresses: readonly RelayAddress[], open: OpenRelays): Allowance[] {
  return addresses.map(({ family, local }) => ({
    family,
    address: local,
    admits: port => open.has(family, port),
    kind: "relay",
  }));
}
