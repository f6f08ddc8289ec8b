import type { UdpPort } from "../../net/udp-port.ts";
import { CHANGE_IP, CHANGE_PORT, type DiscoveryPort, type Origin } from "./discovery.ts";

/** Two addresses of a family: a request to one may be answered from the other. */
export interface AddressPair {
  readonly first: string;
  readonly second: string;
}

export interface DiscoverySockets {
  /** Takes one of the two ports, which listens on all addresses of the pairs; returns how its clients see the four. */
  add(udp: UdpPort): DiscoveryPort;
}

/** @param announce what clients are told instead of a local address */
export function createDiscoverySockets(
  pairs: readonly AddressPair[],
  announce: (address: string) => string,
): DiscoverySockets {
  const ports: UdpPort[] = [];
  const partners = new Map(
    pairs.flatMap(({ first, second }) => [
      [first, second],
      [second, first],
    ]),
  );

  /** The port and the index of its socket that a change leads to; undefined for an address without a partner. */
  function socketOf(udp: UdpPort, client: number, change: number): { udp: UdpPort; local: number } | undefined {
    const { address } = udp.locals[udp.localOf(client)]!;
    const partner = partners.get(address);
    const target = (change & CHANGE_PORT) === 0 ? udp : ports.find(port => port !== udp);
    const local = target?.locals.findIndex(each => each.address === ((change & CHANGE_IP) === 0 ? address : partner));
    return target && partner && local !== undefined && local >= 0 ? { udp: target, local } : undefined;
  }

  return {
    add(udp) {
      ports.push(udp);
      return {
        origin(client, change): Origin | undefined {
          const socket = socketOf(udp, client, change);
          const local = socket?.udp.locals[socket.local];
          return local && { address: announce(local.address), port: local.port };
        },
        send(client, change, port, bytes, length) {
          const socket = socketOf(udp, client, change);
          if (!socket) return;
          const path = socket.udp.pathOf(udp.addressOf(client), port === 0 ? udp.portOf(client) : port, socket.local);
          if (path >= 0) socket.udp.send(path, bytes, 0, length);
        },
      };
    },
  };
}
