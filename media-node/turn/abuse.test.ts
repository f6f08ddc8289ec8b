/** The abuse tests of research/turn.md §4, by their numbers; the third-party half of them is in test/node/turn.test.ts. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress } from "../net/address.ts";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_METHOD } from "../stun/constants.ts";
import { passwordAlgorithms } from "../stun/credentials.ts";
import { createNonces } from "./auth/nonce.ts";
import type { TurnLimits } from "./context.ts";
import { createPortPool } from "./port-pool.ts";
import { createRandomBelow } from "./random.ts";
import { createHarness, onlyRelay, peerAddress, restPassword, restSecret, UDP } from "./testing/harness.ts";

const PEER = "192.0.3.1:4000";
const DATA = Uint8Array.of(9, 9, 9);
const LIMITS: TurnLimits = { perIdentity: 0, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff };
const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000);

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
    // RFC 6062's Connect is no request that this server knows.
    expect(client.request(STUN_METHOD.connect, to => peerAddress(to, peer))?.error).toBe(400);
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

it("5: 100,000 forged Allocates leave nothing behind, with forged integrity or without", () => {
  const harness = createHarness({ challenges: { perSecond: 10, burst: 20 } });
  const victim = harness.client({ address: "192.0.2.200" });
  victim.allocate();
  victim.bind(0x4000, PEER);
  const client = harness.client({ address: "192.0.2.1" });
  const signed = harness.client({ address: "192.0.2.2" });
  signed.nonce = "obMatJos2gAAAforged";
  for (let i = 0; i < 50_000; i++) {
    client.plain(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP));
    signed.allocate();
  }
  expect(client.inbox.length).toBe(20);
  expect(signed.inbox.length).toBe(20);
  expect(harness.server.counters.silenced).toBe(100_000 - 40);
  expect(harness.open.size).toBe(1);
  victim.channelData(0x4000, DATA);
  expect(harness.sent.length).toBe(1);
  harness.now += 1_000;
  client.plain(STUN_METHOD.binding);
  expect(client.inbox.length).toBe(21);
}, 60_000);

it("6: nothing is answered with much more than was sent", () => {
  const client = createHarness().client();
  const sizeOf = (method: number, empty: boolean): number =>
    client.plain(method, to => empty || to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP))?.length ?? 0;
  expect(sizeOf(STUN_METHOD.binding, true) / 20).toBeLessThanOrEqual(1.6);
  expect(sizeOf(STUN_METHOD.refresh, true) / 20).toBeLessThanOrEqual(1.6);
  expect(sizeOf(STUN_METHOD.allocate, false) / 28).toBeLessThanOrEqual(3.6);
  expect(sizeOf(STUN_METHOD.allocate, true) / 20).toBeLessThanOrEqual(3.6);
});

it("7: a Binding answer names no other address", () => {
  const answer = createHarness()
    .client()
    .plain(STUN_METHOD.binding, to => to.uint32(0x0003, 6));
  // CHANGE-REQUEST is comprehension-required and unknown.
  expect(answer?.error).toBe(420);
  expect(answer?.text(0x802c)).toBeUndefined();
});

describe("8: a nonce", () => {
  it("is its client's, for a time, until the restart", () => {
    const nonces = createNonces(new Uint8Array(32).fill(1), 600);
    const nonce = nonces.create("192.0.2.1", 1, 5_000);
    expect(nonces.create("192.0.2.1", 2, 5_000)).not.toBe(nonce);
    expect(nonces.isFresh(nonce, "192.0.2.1", 1, 605_000)).toBe(true);
    expect(nonces.isFresh(nonce, "192.0.2.1", 1, 606_000)).toBe(false);
    expect(nonces.isFresh(nonce, "192.0.2.1", 2, 5_000)).toBe(false);
    expect(nonces.isFresh(nonce, "192.0.2.2", 1, 5_000)).toBe(false);
    expect(createNonces(new Uint8Array(32).fill(2), 600).isFresh(nonce, "192.0.2.1", 1, 5_000)).toBe(false);
    expect(nonces.isFresh(nonce.replace("gAAA", "AAAA"), "192.0.2.1", 1, 5_000)).toBe(false);
    expect(nonces.isFresh(`${nonce}A`, "192.0.2.1", 1, 5_000)).toBe(false);
    expect(nonces.isFresh("", "192.0.2.1", 1, 5_000)).toBe(false);
  });

  it("costs one 438 when it is stale or stolen", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    harness.now += 601_000 - 300_000;
    client.request(STUN_METHOD.refresh);
    harness.now += 301_000;
    const answer = client.request(STUN_METHOD.refresh);
    expect(answer?.error).toBe(438);
    client.nonce = answer?.text(STUN_ATTRIBUTE.nonce) ?? "";
    expect(client.request(STUN_METHOD.refresh)?.error).toBe(0);
    const thief = harness.client({ address: "192.0.2.66" });
    thief.nonce = client.nonce;
    expect(thief.allocate()?.error).toBe(438);
  });

  it("can't be used to bid a client down from SHA-256", () => {
    const harness = createHarness();
    const allocate = (change: object) =>
      harness
        .client({ algorithm: 2 })
        .request(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, UDP), change);
    expect(allocate({})).toMatchObject({ error: 0, authentic: true });
    expect(allocate({})?.message.integritySha256At).toBeGreaterThan(0);
    expect(allocate({ list: undefined })?.error).toBe(400);
    expect(allocate({ chosen: undefined })?.error).toBe(400);
    expect(allocate({ list: passwordAlgorithms([1]), chosen: 1 })?.error).toBe(400);
    expect(allocate({ list: passwordAlgorithms([1, 2]) })?.error).toBe(400);
    expect(allocate({ chosen: 3 })?.error).toBe(400);
    // The list intact but MD5 chosen: the key is another one, which the client doesn't have.
    expect(allocate({ chosen: 1 })?.error).toBe(401);
    // Neither attribute: an MD5 client.
    expect(harness.client().allocate()).toMatchObject({ error: 0, authentic: true });
  });
});

describe("9: hostile bytes", () => {
  it("behind the integrity attribute change nothing", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    const answer = client.request(STUN_METHOD.refresh, undefined, {
      after: to => to.uint32(STUN_ATTRIBUTE.lifetime, 0),
    });
    expect(answer?.uint32(STUN_ATTRIBUTE.lifetime)).toBe(600);
    expect(harness.server.allocations).toBe(1);
  });

  it("of two attributes of a kind, the first counts; unknown required ones are named in a 420", () => {
    const client = createHarness().client();
    client.allocate();
    const twice = client.request(STUN_METHOD.refresh, to => {
      to.uint32(STUN_ATTRIBUTE.lifetime, 1200);
      to.uint32(STUN_ATTRIBUTE.lifetime, 0);
    });
    expect(twice?.uint32(STUN_ATTRIBUTE.lifetime)).toBe(1200);
    const unknown = client.request(STUN_METHOD.refresh, to => to.flag(0x7abc));
    expect(unknown).toMatchObject({ error: 420, authentic: true });
    expect(Buffer.from(unknown!.bytes).includes(Buffer.from("7abc", "hex"))).toBe(true);
  });

  it("never throw, whatever they are, on both sides of a relay", () => {
    const harness = createHarness({ challenges: { perSecond: 1, burst: 1 } });
    const client = harness.client();
    client.allocate();
    client.bind(0x4000, PEER);
    const relay = onlyRelay(harness);
    client.permit(PEER);
    const seeds = [...client.inbox.map(bytes => bytes.slice()), Uint8Array.of(0x40, 0, 0, 4, 1, 2, 3, 4)];
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      fc.tuple(fc.constantFrom(...seeds), fc.nat(200), fc.nat(255), fc.nat(200)).map(([seed, at, value, cut]) => {
        const copy = seed.slice(0, Math.max(0, seed.length - (cut > 150 ? cut - 150 : 0)));
        if (copy.length > 0) copy[at % copy.length] = value;
        return copy;
      }),
    );
    fc.assert(
      fc.property(bytes, input => {
        client.raw(input.slice());
        harness.peer(relay, "192.0.3.1", 4000, input);
        client.inbox.length = 0;
        harness.sent.length = 0;
      }),
      { numRuns: RUNS },
    );
    for (const length of [0, 1, 2, 3, 65_535]) client.raw(new Uint8Array(length));
  });
});

describe("10: credentials", () => {
  it("of somebody else on a 5-tuple are 441, wrong ones 401, expired ones 401", () => {
    const harness = createHarness();
    const client = harness.client();
    client.allocate();
    const bob = harness.client({ username: "bob", password: "builder" });
    const asBob = client.request(STUN_METHOD.refresh, undefined, { username: "bob", key: bob.key });
    expect(asBob?.error).toBe(441);
    expect(client.request(STUN_METHOD.refresh, undefined, { key: bob.key })?.error).toBe(401);
    expect(harness.client({ password: "wrong" }).allocate()?.error).toBe(401);
    expect(harness.client({ username: "mallory" }).allocate()?.error).toBe(401);
    const rest = (name: string, secret = "north") =>
      harness.client({ username: name, password: restPassword(restSecret(secret), name) }).allocate()?.error;
    expect(rest("1699999999:any:x")).toBe(401);
    expect(rest("1700000001:any:x")).toBe(0);
    expect(rest("1700000001:x")).toBe(0);
    expect(rest("1700000001:any:x", "south")).toBe(401);
    expect(rest("1700000001:everything:x")).toBe(401);
  });

  it("may expire during a call; a new secret works beside the old one", () => {
    const harness = createHarness({ secrets: ["new", "north"] });
    const name = "1700000001:any:x";
    const client = harness.client({ username: name, password: restPassword(restSecret("north"), name) });
    expect(client.allocate()?.error).toBe(0);
    harness.unixSeconds += 10_000;
    expect(client.request(STUN_METHOD.refresh)?.error).toBe(0);
    expect(client.bind(0x4000, PEER)?.error).toBe(0);
  });

  it("that were revoked end their allocations and make no new ones until they have expired", () => {
    const harness = createHarness();
    const name = "1700000100:any:x";
    const credentials = { username: name, password: restPassword(restSecret("north"), name) };
    harness.client(credentials).allocate();
    harness.server.revoke("x", 1_700_000_100, harness.now);
    expect(harness.records).toMatchObject([{ reason: "revoked", identity: "x", scope: "any" }]);
    expect(harness.open.size).toBe(0);
    expect(harness.client(credentials).allocate()?.error).toBe(401);
    harness.unixSeconds += 101;
    const later = "1700000900:any:x";
    const renewed = { username: later, password: restPassword(restSecret("north"), later) };
    expect(harness.client(renewed).allocate()?.error).toBe(0);
  });
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

describe("12: quotas and ports", () => {
  it("hold per identity and in all, and are given back by every way that an allocation ends", () => {
    const harness = createHarness({ limits: { ...LIMITS, perIdentity: 2, total: 3 } });
    const first = harness.client({ kind: "tcp" });
    const second = harness.client();
    expect([first, second].map(client => client.allocate()?.error)).toEqual([0, 0]);
    const third = harness.client();
    expect(third.allocate()?.error).toBe(486);
    const bob = () => harness.client({ username: "bob", password: "builder" });
    expect(bob().allocate()?.error).toBe(0);
    expect(bob().allocate()?.error).toBe(486);
    first.disconnect();
    expect(third.allocate()?.error).toBe(0);
    second.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 0));
    expect(bob().allocate()?.error).toBe(0);
    harness.now += 601_000;
    harness.server.tick(harness.now);
    expect(harness.server.allocations).toBe(0);
    expect(harness.client().allocate()?.error).toBe(0);
  });

  it("are whole after 100,000 cycles of every kind", () => {
    const pool = createPortPool(50_000, 50_063, createRandomBelow());
    const held: number[][] = [];
    for (let i = 0; i < 100_000; i++) {
      const kind = i % 3;
      const port = kind === 0 ? pool.take(false) : kind === 1 ? pool.take(true) : pool.takePair();
      if (kind > 0 && port !== 0 && port % 2 !== 0) throw new Error(`port ${port} is not even`);
      if (port !== 0) held.push(kind === 2 ? [port, port + 1] : [port]);
      if (held.length > 30 || port === 0) for (const taken of held.splice(0, 10).flat()) pool.give(taken);
    }
    for (const port of held.flat()) pool.give(port);
    expect(pool.free).toBe(64);
    expect(new Set(Array.from({ length: 64 }, () => pool.take(false))).size).toBe(64);
    expect(pool.take(false)).toBe(0);
  });

  it("run out with 508, also for pairs, and come back", () => {
    const harness = createHarness({ ports: [50_000, 50_003] });
    const clients = Array.from({ length: 5 }, () => harness.client());
    expect(clients.map(client => client.allocate()?.error)).toEqual([0, 0, 0, 0, 508]);
    const [first] = clients;
    first?.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 0));
    expect(harness.client().allocate(to => to.data(STUN_ATTRIBUTE.evenPort, Uint8Array.of(0x80)))?.error).toBe(508);
    expect(harness.client().allocate()?.error).toBe(0);
    harness.server.close(harness.now);
    expect(harness.server.freePorts(1)).toBe(4);
  });

  it("come back from a reservation that nobody took up", () => {
    const harness = createHarness({ ports: [50_000, 50_003] });
    const client = harness.client();
    client.allocate(to => to.data(STUN_ATTRIBUTE.evenPort, Uint8Array.of(0x80)));
    expect(harness.server.freePorts(1)).toBe(2);
    harness.now += 30_000;
    harness.server.tick(harness.now);
    expect(harness.server.freePorts(1)).toBe(3);
  });
});

it("14: an allocation's bandwidth holds in both directions", () => {
  const harness = createHarness({ limits: { ...LIMITS, bytesPerSecond: 10_000 } });
  const client = harness.client();
  client.allocate();
  client.bind(0x4000, PEER);
  const relay = onlyRelay(harness);
  const before = client.inbox.length;
  for (let ms = 0; ms < 10_000; ms++) {
    harness.now++;
    client.channelData(0x4000, new Uint8Array(100));
    harness.peer(relay, "192.0.3.1", 4000, new Uint8Array(100));
  }
  for (const passed of [harness.sent.length, client.inbox.length - before]) {
    expect(passed).toBeGreaterThan(990);
    expect(passed).toBeLessThanOrEqual(1100);
  }
});

it("15: ports and nonces don't follow one another", () => {
  const pool = createPortPool(49_152, 65_535, createRandomBelow());
  const ports = Array.from({ length: 2_000 }, () => pool.take(false));
  const mean = ports.reduce((sum, port) => sum + port, 0) / ports.length;
  expect(Math.abs(mean - (49_152 + 65_535) / 2)).toBeLessThan(16_384 * 0.05);
  const steps = ports.slice(1).filter((port, i) => Math.abs(port - ports[i]!) < 16);
  expect(steps.length).toBeLessThan(20);
});

it("16: padding is zero, though the memory below it isn't", () => {
  const harness = createHarness();
  const client = harness.client();
  client.allocate();
  client.permit(PEER);
  for (let length = 0; length < 8; length++) {
    harness.peer(onlyRelay(harness), "192.0.3.1", 4000, new Uint8Array(length).fill(0xff));
    const padding = (4 - (length % 4)) % 4;
    expect([...client.inbox.at(-1)!.slice(client.inbox.at(-1)!.length - padding)].every(byte => byte === 0)).toBe(true);
  }
});

it("17: what is logged of an allocation holds neither password nor user name", () => {
  const harness = createHarness();
  const name = "1700000600:any:opaque";
  const password = restPassword(restSecret("north"), name);
  harness.client({ username: name, password }).allocate();
  harness.server.close(harness.now);
  const line = JSON.stringify(harness.records);
  expect(line).toContain('"identity":"opaque"');
  expect(line).not.toContain(password);
  expect(line).not.toContain("north");
  expect(line).not.toContain(name);
});
