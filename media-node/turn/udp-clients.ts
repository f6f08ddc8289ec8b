import { parseAddress } from "../net/address.ts";
import type { UdpPort } from "../net/udp-port.ts";
import type { DiscoveryPort } from "./discovery/discovery.ts";
import type { ClientTransport } from "./io.ts";

/** The clients of a UDP port: its paths, and those with an allocation by the number of their address. */
export interface UdpClients {
  readonly transport: ClientTransport;
  /** The client at an IPv4 address that speaks to one of the port's sockets, if it has an allocation; else -1. */
  find(local: number, ipv4: number, port: number): number;
}

/** A client's 5-tuple: 48 bits of its address, the socket's index above them. -1 where that is no exact number. */
const tuple = (local: number, ipv4: number, port: number): number =>
  local < 32 ? (local * 0x100000000 + ipv4) * 0x10000 + port : -1;

export function createUdpClients(udp: UdpPort, discovery?: DiscoveryPort): UdpClients {
  const { slab, reserve, commit, addressOf, portOf } = udp;
  const byAddress = new Map<number, number>();
  let lastKey = -1;
  let lastClient = -1;

  /** -1 for an IPv6 client. */
  function keyOf(client: number): number {
    const bytes = parseAddress(addressOf(client));
    if (bytes?.length !== 4) return -1;
    return tuple(udp.localOf(client), Buffer.from(bytes).readUInt32BE(), portOf(client));
  }

  return {
    transport: {
      kind: "udp",
      slab,
      reserve,
      commit,
      addressOf,
      portOf,
      ...(discovery && { discovery }),
      retain(client) {
        udp.retain(client);
        const key = keyOf(client);
        if (key >= 0) byAddress.set(key, client);
      },
      release(client) {
        byAddress.delete(keyOf(client));
        lastKey = -1;
        udp.release(client);
      },
    },
    find(local, ipv4, port) {
      if (ipv4 < 0) return -1;
      const key = tuple(local, ipv4, port);
      if (key === lastKey) return lastClient;
      const client = byAddress.get(key) ?? -1;
      if (client >= 0) {
        lastKey = key;
        lastClient = client;
      }
      return client;
    },
  };
}
