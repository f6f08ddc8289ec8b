import { parseAddress } from "../net/address.ts";
import type { UdpPort } from "../net/udp-port.ts";
import type { ClientTransport } from "./io.ts";

/** The clients of a UDP port: its paths, and those with an allocation by the number of their address. */
export interface UdpClients {
  readonly transport: ClientTransport;
  /** The client at an IPv4 address, if it has an allocation; else -1. */
  find(ipv4: number, port: number): number;
}

export function createUdpClients(udp: UdpPort): UdpClients {
  const { slab, reserve, commit, addressOf, portOf } = udp;
  const byAddress = new Map<number, number>();
  let lastKey = -1;
  let lastClient = -1;

  /** 48 bits; -1 for an IPv6 client. */
  function keyOf(client: number): number {
    const bytes = parseAddress(addressOf(client));
    if (bytes?.length !== 4) return -1;
    return Buffer.from(bytes).readUInt32BE() * 0x10000 + portOf(client);
  }

  return {
    transport: {
      kind: "udp",
      slab,
      reserve,
      commit,
      addressOf,
      portOf,
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
    find(ipv4, port) {
      const key = ipv4 * 0x10000 + port;
      if (ipv4 < 0) return -1;
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
