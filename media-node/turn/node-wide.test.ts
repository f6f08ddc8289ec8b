/** What holds for all TURN workers of a node together. */
import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_ERROR, STUN_METHOD } from "../stun/constants.ts";
import { findAttribute } from "../stun/message.ts";
import type { ClientTransport } from "./io.ts";
import type { TurnNews } from "./news.ts";
import type { TurnServerOptions } from "./server.ts";
import { createHarness, type Harness, onlyRelay, RELAY_IPV4, restPassword, restSecret } from "./testing/harness.ts";
import { createClient } from "./testing/test-client.ts";

const CREDENTIALS = (secret: string, id = "ann") => {
  const username = `1700000600:any:${id}`;
  return { username, password: restPassword(restSecret(secret), username) };
};

/** Servers that hear each other, as by way of the hub. */
function siblings(count: number, overrides: Partial<TurnServerOptions> = {}): Harness[] {
  const harnesses: Harness[] = Array.from({ length: count }, (_, self) =>
    createHarness({
      ports: [50_000 + 100 * self, 50_099 + 100 * self],
      nonceSecret: new Uint8Array(32),
      tell(news: TurnNews) {
        for (const [other, { server, now }] of harnesses.entries()) if (other !== self) server.hear(news, now);
      },
      ...overrides,
    }),
  );
  return harnesses;
}

describe("workers of one node", () => {
  it("count an identity's allocations together", () => {
    const limits = { perIdentity: 2, total: 3, bytesPerSecond: 0, maxChannel: 0x4fff };
    const [a, b] = siblings(2, { limits });
    const errors = [a!, b!, a!, b!].map(harness => harness.client().allocate()?.error);
    expect(errors).toEqual([0, 0, STUN_ERROR.allocationQuotaReached, STUN_ERROR.allocationQuotaReached]);
    const bob = { username: "bob", password: "builder" };
    expect(b!.client(bob).allocate()?.error).toBe(0);
    expect(a!.client(bob).allocate()?.error).toBe(STUN_ERROR.allocationQuotaReached);
    a!.server.close(a!.now);
    expect(b!.client().allocate()?.error).toBe(0);
  });

  it("let relays reach each other's relays, as long as these are open", () => {
    const own = [{ family: 1, first: Uint8Array.of(198, 51, 100, 7), last: Uint8Array.of(198, 51, 100, 7) }];
    const [a, b] = siblings(2, { policy: { own } });
    const there = b!.client();
    there.allocate();
    const peer = `${RELAY_IPV4}:${onlyRelay(b!).port}`;
    const here = a!.client();
    here.allocate();
    expect(here.bind(0x4000, peer)?.error).toBe(0);
    b!.server.close(b!.now);
    expect(here.bind(0x4001, peer)?.error).toBe(STUN_ERROR.forbidden);
  });

  it("are no TURN servers to each other's relays", () => {
    const [a, b] = siblings(2);
    a!.client().allocate();
    const { port } = onlyRelay(a!);
    const inbox: Uint8Array[] = [];
    const transport = { kind: "udp", slab: new Uint8Array(2_000), addressOf: () => RELAY_IPV4, portOf: () => port };
    const inlet = b!.server.attach({
      ...(transport as Pick<ClientTransport, "kind" | "slab" | "addressOf" | "portOf">),
      reserve: () => 0,
      commit: (_client, length) => inbox.push(transport.slab.slice(0, length)),
      retain() {},
      release() {},
    });
    const client = createClient(b!, inlet, 0, inbox, {});
    expect(client.plain(STUN_METHOD.binding)?.class).toBe(STUN_CLASS.success);
    expect(client.allocate()).toBeUndefined();
    expect(b!.server.counters.forbidden).toBe(2);
    a!.server.close(a!.now);
    expect(client.allocate()?.error).toBe(0);
  });

  it("answer a source that has proven nothing no more often than one would", () => {
    const harnesses = siblings(4, { challenges: { perSecond: 10, burst: 40 } });
    let answers = 0;
    for (let i = 0; i < 400; i++)
      if (harnesses[i % 4]!.client({ address: "203.0.113.7" }).plain(STUN_METHOD.binding)) answers++;
    // Each may give an eighth of a burst before the others know.
    expect(answers).toBeGreaterThanOrEqual(40);
    expect(answers).toBeLessThan(40 + 4 * 5);
  });
});

describe("secrets from the edge", () => {
  it("arm a server beside its own, and go when others take their place; what runs goes on", () => {
    const { client, server } = createHarness({ secrets: ["south"] });
    expect(client(CREDENTIALS("north")).allocate()?.error).toBe(STUN_ERROR.unauthenticated);
    server.arm(["north", "older"]);
    const running = client(CREDENTIALS("north"));
    const errors = ["older", "south"].map(secret => client(CREDENTIALS(secret)).allocate()?.error);
    expect([running.allocate()?.error, ...errors]).toEqual([0, 0, 0]);
    server.arm([]);
    expect(client(CREDENTIALS("north")).allocate()?.error).toBe(STUN_ERROR.unauthenticated);
    expect(client(CREDENTIALS("south")).allocate()?.error).toBe(0);
    expect(running.request(STUN_METHOD.refresh)?.error).toBe(0);
  });
});

describe("a server that drains", () => {
  it("refuses new allocations with a reason, and lets those that run go on", () => {
    const harness = createHarness();
    const running = harness.client();
    running.allocate();
    harness.server.drain();
    const refused = harness.client().allocate();
    expect(refused?.error).toBe(STUN_ERROR.insufficientCapacity);
    expect(refused?.authentic).toBe(true);
    const reason = Buffer.from(refused!.bytes).toString("latin1");
    expect(findAttribute(refused!.message, STUN_ATTRIBUTE.errorCode)).toBeGreaterThan(0);
    expect(reason).toContain("draining");
    expect(running.permit("1.2.3.4:9")?.error).toBe(0);
    expect(running.request(STUN_METHOD.refresh)?.class).toBe(STUN_CLASS.success);
    expect(harness.server.allocations).toBe(1);
  });

  it("still challenges who has proven nothing, and tells no reason", () => {
    const harness = createHarness();
    harness.server.drain();
    const challenge = harness
      .client()
      .plain(STUN_METHOD.allocate, to => to.uint32(STUN_ATTRIBUTE.requestedTransport, 17 << 24));
    expect(challenge?.error).toBe(STUN_ERROR.unauthenticated);
  });
});
