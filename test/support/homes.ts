/**
 * Where people of the NAT lab live: a namespace for their browser behind a router of its own.
 * @module
 */
import type { Host, Internet } from "./internet.ts";
import { createNamespace, type Namespace } from "./namespaces.ts";

/**
 * What stands between people and the internet.
 * - `full-cone`: a NAT with one mapping for all peers, open to all of them (RFC 4787: endpoint-independent both ways).
 * - `symmetric`: a NAT with another random mapping for every peer, open to that one alone.
 * - `udp-blocked`: a NAT and a firewall that lets only TCP out.
 * - `https-only`: a NAT and a firewall that lets only TCP to port 443 out.
 * - `ipv6-only`: no NAT and no IPv4; a firewall that lets in what was asked for.
 */
export type Surroundings = "full-cone" | "symmetric" | "udp-blocked" | "https-only" | "ipv6-only";

export interface Home {
  /** Where the browser runs. */
  readonly people: Namespace;
  /** Let only this out from now on, as nftables matches it, e.g. `tcp dport 443`; empty: all. What is open stays open. */
  allow(outbound: string): void;
  close(): Promise<void>;
}

/** What may leave, as nftables matches it. */
const OUTBOUND: Record<Surroundings, string> = {
  "full-cone": "",
  symmetric: "",
  "udp-blocked": "meta l4proto tcp",
  "https-only": "tcp dport 443",
  "ipv6-only": "",
};

const firewall = (outbound: string): string => `
table inet firewall {
  chain in {
    type filter hook input priority filter; policy drop
    ct state established,related accept
    meta l4proto ipv6-icmp accept
  }
  chain through {
    type filter hook forward priority filter; policy drop
    ct state established,related accept
    ct status dnat accept
    iifname "lan" ${outbound} accept
  }
}`;

/** A mapping keeps its port while nobody else behind the NAT has it, and nobody else is there: that makes a cone. */
const translation = (surroundings: Surroundings, inside: string): string => `
table ip translation {
  chain out {
    type nat hook postrouting priority srcnat
    oifname "wan" masquerade ${surroundings === "symmetric" ? "random,fully-random" : ""}
  }
  chain back {
    type nat hook prerouting priority dstnat
    ${surroundings === "full-cone" ? `iifname "wan" meta l4proto udp dnat to ${inside}` : ""}
  }
}`;

/** Build a home whose router has that public address. */
export function createHome(internet: Internet, surroundings: Surroundings, host: Host): Home {
  const isIpv6 = surroundings === "ipv6-only";
  const router = createNamespace(`router-${host}`);
  const people = createNamespace(`people-${host}`);
  const [gateway, inside, length] = isIpv6
    ? [`2001:db8:${host}::1`, `2001:db8:${host}::2`, "64"]
    : [`192.168.${host}.1`, `192.168.${host}.2`, "24"];
  // Before there is a device, so that none gets an address of the other family by itself.
  if (!isIpv6) for (const each of [router, people]) each.sysctl("net/ipv6/conf/default/disable_ipv6", 1);
  router.sysctl(isIpv6 ? "net/ipv6/conf/all/forwarding" : "net/ipv4/ip_forward", 1);
  const detach = internet.attach(
    router,
    isIpv6 ? { host, families: ["ipv6"], prefix: `2001:db8:${host}::/64` } : { host, families: ["ipv4"] },
  );
  router.ip("link", "add", "lan", "type", "veth", "peer", "name", "eth0", "netns", people.name);
  for (const [namespace, device, address] of [
    [router, "lan", gateway],
    [people, "eth0", inside],
  ] as const) {
    namespace.ip("address", "add", `${address}/${length}`, "dev", device);
    namespace.ip("link", "set", device, "up");
  }
  people.ip("route", "add", "default", "via", gateway);
  const allow = (outbound: string): void => {
    router.nft(`flush ruleset${firewall(outbound)}${isIpv6 ? "" : translation(surroundings, inside)}`);
  };
  allow(OUTBOUND[surroundings]);
  return {
    people,
    allow,
    async close() {
      // A namespace goes only with the last process in it, its devices with it; whoever moves in next has the same address.
      detach();
      await people.close();
      await router.close();
    },
  };
}
