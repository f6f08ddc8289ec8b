/**
 * The NAT lab's internet: a router that leads from every public address of the lab to every other, and nowhere else. Its addresses
 * are those set aside for documentation (RFC 5737, RFC 3849).
 * @module
 */
import { createNamespace, type Namespace } from "./namespaces.ts";

/** Last number of a public address: `203.0.113.N` and `2001:db8:113::N`. */
export type Host = number;

export const ipv4Of = (host: Host): string => `203.0.113.${host}`;
export const ipv6Of = (host: Host): string => `2001:db8:113::${host}`;
/** Every public address of the lab. */
export const PUBLIC_RANGES = "203.0.113.0/24,2001:db8::/32";

const ROUTER = 1;

export interface Attachment {
  readonly host: Host;
  /** Further public addresses. */
  readonly also?: readonly Host[];
  readonly families: readonly ("ipv4" | "ipv6")[];
  /** An IPv6 network that lies behind it. */
  readonly prefix?: string;
}

export interface Internet {
  /** Give a namespace a device `wan` with public addresses, and the routes to all others. Returns what takes it away again. */
  attach(namespace: Namespace, attachment: Attachment): () => void;
  close(): Promise<void>;
}

/** Make a lab's internet; needs root. */
export function createInternet(): Internet {
  const core = createNamespace("core");
  core.sysctl("net/ipv4/ip_forward", 1);
  core.sysctl("net/ipv6/conf/all/forwarding", 1);
  return {
    attach(namespace, { host, also = [], families, prefix }) {
      const device = `to-${host}`;
      core.ip("link", "add", device, "type", "veth", "peer", "name", "wan", "netns", namespace.name);
      core.ip("link", "set", device, "up");
      namespace.ip("link", "set", "wan", "up");
      for (const family of families) {
        const of = family === "ipv4" ? ipv4Of : ipv6Of;
        for (const each of [host, ...also]) {
          core.ip("address", "add", of(ROUTER), "peer", of(each), "dev", device);
          namespace.ip("address", "add", of(each), "peer", of(ROUTER), "dev", "wan");
        }
        // The kernel makes an IPv6 address's own routes a moment later, so it is told where the next hop is.
        namespace.ip("route", "add", "default", "via", of(ROUTER), "dev", "wan", "onlink");
      }
      if (prefix) core.ip("route", "add", prefix, "via", ipv6Of(host), "dev", device, "onlink");
      return () => core.ip("link", "delete", device);
    },
    close: core.close,
  };
}
