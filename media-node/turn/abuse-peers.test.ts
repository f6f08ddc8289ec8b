/** Abuse tests of a TURN server, by their numbers: whom a relay must not reach. */
import { describe, expect, it } from "vitest";
import { parseAddress } from "../net/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { createHarness, onlyRelay, peerAddress, restPassword, restSecret } from "./testing/harness.ts";
import type { TestClient } from "./testing/test-client.ts";

const PEER = "192.0.3.1:4000";
const DATA = Uint8Array.of(9, 9, 9);

const INNER = [
  "127.0.0.1",
  "10.1.2.3",
  "169.254.169.254",
  "0.0.0.0",
  "192.168.1.1",
  "100.100.100.200",
  "168.63.129.16",
];
const hex = (ipv4: string): [string, string] => {
  const [a = 0, b = 0, c = 0, d = 0] = ipv4.split(".").map(Number);
  return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
};
const inverted = (ipv4: string): string =>
  hex(ipv4)
    .map(group => (0xffff - Number.parseInt(group, 16)).toString(16))
    .join(":");
const SPELLINGS: Record<string, (ipv4: string) => string> = {
  dotted: ipv4 => ipv4,
  mapped: ipv4 => `::ffff:${ipv4}`,
  compatible: ipv4 => `::${ipv4}`,
  translated: ipv4 => `::ffff:0:${ipv4}`,
  NAT64: ipv4 => `64:ff9b::${ipv4}`,
  "local NAT64": ipv4 => `64:ff9b:1::${ipv4}`,
  "6to4": ipv4 => `2002:${hex(ipv4).join(":")}::1`,
  Teredo: ipv4 => `2001:0:4136:e378:8000:63bf:${inverted(ipv4)}`,
  ISATAP: ipv4 => `2606:4700::5efe:${ipv4}`,
};
const OTHERS = ["::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "224.0.0.1"];

describe("1: a peer that no relay may reach", () => {
  const denied = [
    ...INNER.flatMap(ipv4 => Object.entries(SPELLINGS).map(([name, spell]) => [name, spell(ipv4)] as const)),
    ...OTHERS.map(address => ["plain", address] as const),
  ];
  it.each(denied)("%s %s is refused on every path", (_, address) => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate(to => to.uint32(STUN_ATTRIBUTE.additionalAddressFamily, 2 << 24));
    const peer = address.includes(":") ? `[${address}]:80` : `${address}:80`;
    expect(client.permit(peer)?.error).toBe(403);
    expect(client.bind(0x4000, peer)?.error).toBe(403);
    client.send(peer, DATA);
    client.channelData(0x4000, DATA);
    expect(harness.sent).toEqual([]);
    // Connect (RFC 6062) is nothing that a server without TCP relays knows; with them it goes through the same gate.
    const connect = (from: TestClient) => from.request(STUN_METHOD.connect, to => peerAddress(to, peer));
    expect(connect(client)?.error).toBe(400);
    const connections: unknown[] = [];
    const tcp = { connect: (link: unknown) => connections.push(link), join: () => false, drop() {} };
    const stream = createHarness({ tcp }).client({ kind: "tcp" });
    const allocated = stream.request(STUN_METHOD.allocate, to => {
      to.uint32(STUN_ATTRIBUTE.requestedTransport, 6 << 24);
      to.uint32(STUN_ATTRIBUTE.additionalAddressFamily, 2 << 24);
    });
    expect(allocated?.error).toBe(0);
    expect(connect(stream)?.error).toBe(403);
    expect(connections).toEqual([]);
  });

  it("stays refused by our own address in a range that the operator opened, but not where it is named", () => {
    const own = [{ family: 1, first: parseAddress("10.0.0.5")!, last: parseAddress("10.0.0.5")! }];
    const wide = [{ family: 1, first: parseAddress("10.0.0.0")!, last: parseAddress("10.0.0.255")! }];
    for (const [allowed, code] of [
      [wide, 403],
      [[...wide, ...own], 0],
    ] as const) {
      const client = createHarness({ policy: { own, allowed } }).client();
      client.allocate();
      expect(client.permit("10.0.0.5:9090")?.error).toBe(code);
      expect(client.permit("10.0.0.6:9090")?.error).toBe(0);
    }
  });

  it("may be a relay of ours, as long as that relay is open", () => {
    const harness = createHarness();
    const first = harness.client();
    const second = harness.client();
    const address = first.allocate()?.address(STUN_ATTRIBUTE.xorRelayedAddress) ?? "";
    second.allocate();
    expect(second.bind(0x4000, address)?.error).toBe(0);
    expect(second.bind(0x4001, `${address.split(":")[0]}:22`)?.error).toBe(403);
    second.channelData(0x4000, DATA);
    expect(harness.sent.length).toBe(1);
    first.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 0));
    second.channelData(0x4000, DATA);
    expect(harness.sent.length).toBe(1);
  });

  it("is everything but media ports for a credential of scope media", () => {
    const name = "1700000600:media:p1";
    const allowance = { family: 1, address: parseAddress("203.0.112.9")!, kind: "media" as const };
    const harness = createHarness({ policy: { allowances: [{ ...allowance, admits: port => port === 7000 }] } });
    const client = harness.client({ username: name, password: restPassword(restSecret("north"), name) });
    expect(client.allocate()?.error).toBe(0);
    expect(client.permit(PEER)?.error).toBe(403);
    expect(client.bind(0x4000, PEER)?.error).toBe(403);
    expect(client.bind(0x4000, "203.0.112.9:7000")?.error).toBe(0);
    expect(client.bind(0x4001, "203.0.112.9:7001")?.error).toBe(403);
    expect(client.bind(0x4001, `198.51.100.7:${onlyRelay(harness).port}`)?.error).toBe(403);
  });
});

it("2: one bad peer of a list refuses all of it", () => {
  const harness = createHarness();
  const client = harness.client();
  client.allocate();
  for (const list of [
    [PEER, "127.0.0.1:1"],
    ["127.0.0.1:1", PEER],
  ])
    expect(client.permit(...list)?.error).toBe(403);
  client.send(PEER, DATA);
  harness.peer(onlyRelay(harness), "192.0.3.1", 4000, DATA);
  expect(harness.sent).toEqual([]);
  expect(client.last()?.class).toBe(STUN_CLASS.error);
});

it("3: a peer of the wrong family is 443", () => {
  const client = createHarness().client();
  client.allocate();
  expect(client.permit("[2606:4700::1]:1")?.error).toBe(443);
  expect(client.bind(0x4000, "[2606:4700::1]:1")?.error).toBe(443);
});

it("11: what nobody permitted goes nowhere", () => {
  const harness = createHarness();
  const client = harness.client();
  client.allocate();
  const relay = onlyRelay(harness);
  const before = client.inbox.length;
  harness.peer(relay, "192.0.3.1", 4000, DATA);
  client.send(PEER, DATA);
  client.channelData(0x4000, DATA);
  harness.client().channelData(0x4000, DATA);
  expect(client.inbox.length).toBe(before);
  expect(harness.sent).toEqual([]);
  expect(harness.server.counters).toMatchObject({ noPermission: 2, noChannel: 2 });
});
