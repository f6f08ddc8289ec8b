import { describe, expect, it } from "vitest";
import { announcedAddresses, type Interfaces } from "./announced.ts";

const entry = (address: string, family: "IPv4" | "IPv6", internal = false) => ({
  address,
  family,
  internal,
  netmask: "",
  mac: "",
  cidr: null,
  ...(family === "IPv6" ? { scopeid: 0 } : {}),
});

const machine = (() => ({
  lo: [entry("127.0.0.1", "IPv4", true), entry("::1", "IPv6", true)],
  eth0: [entry("192.0.2.7", "IPv4"), entry("fe80::1", "IPv6"), entry("2001:db8::7", "IPv6")],
  eth1: [entry("169.254.3.4", "IPv4"), entry("198.51.100.7", "IPv4")],
})) as unknown as Interfaces;
const bare = (() => ({ lo: [entry("127.0.0.1", "IPv4", true)] })) as unknown as Interfaces;

const addresses = (listen: string[], announce: string[] = [], interfaces = machine) =>
  announcedAddresses(listen, announce, 7_000, interfaces).map(({ address }) => address);

describe("announced addresses", () => {
  it("are those it listens on, with its port", () => {
    expect(announcedAddresses(["127.0.0.1", "::1"], [], 7_001, machine)).toEqual([
      { protocol: "udp", address: "127.0.0.1", port: 7_001 },
      { protocol: "udp", address: "::1", port: 7_001 },
    ]);
  });

  it("are what 1:1 NAT shows to the world, where that is said", () => {
    expect(addresses(["10.0.0.5"], ["203.0.113.5"])).toEqual(["203.0.113.5"]);
  });

  it("are the machine's own of that family for a wildcard, nothing that only works on the same link", () => {
    expect(addresses(["0.0.0.0"])).toEqual(["192.0.2.7", "198.51.100.7"]);
    expect(addresses(["::"])).toEqual(["2001:db8::7"]);
    expect(addresses(["0.0.0.0", "::"])).toEqual(["192.0.2.7", "198.51.100.7", "2001:db8::7"]);
  });

  it("are loopback on a machine without a network", () => {
    expect(addresses(["0.0.0.0"], [], bare)).toEqual(["127.0.0.1"]);
  });

  it("name nothing twice", () => {
    expect(addresses(["192.0.2.7", "0.0.0.0"])).toEqual(["192.0.2.7", "198.51.100.7"]);
  });
});
