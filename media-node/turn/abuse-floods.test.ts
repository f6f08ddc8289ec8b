/** Abuse tests of a TURN server, by their numbers: floods, amplification, quotas, ports and bandwidth. */
import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_METHOD } from "../stun/constants.ts";
import type { TurnLimits } from "./context.ts";
import { createPortPool } from "./port-pool.ts";
import { createRandomBelow } from "./random.ts";
import { createHarness, onlyRelay, UDP } from "./testing/harness.ts";

const PEER = "192.0.3.1:4000";
const DATA = Uint8Array.of(9, 9, 9);
const LIMITS: TurnLimits = { perIdentity: 0, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff };

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
