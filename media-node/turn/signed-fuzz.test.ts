/** What only those reach who have credentials: every handler behind the signature, with all that is off by default on. */
import { afterAll, describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_ERROR, STUN_METHOD } from "../stun/constants.ts";
import { FUZZ_RUNS, FUZZ_TIMEOUT, must } from "../testing/fuzz.ts";
import { createRandom } from "../testing/random.ts";
import type { PeerLink } from "./tcp/peer-link.ts";
import { createHarness } from "./testing/harness.ts";

const METHODS = Object.values(STUN_METHOD).filter(method => method !== STUN_METHOD.binding);
/** All but those that sign: the client writes them itself. */
const TYPES = Object.values(STUN_ATTRIBUTE).filter(
  type =>
    ![
      STUN_ATTRIBUTE.messageIntegrity,
      STUN_ATTRIBUTE.messageIntegritySha256,
      STUN_ATTRIBUTE.fingerprint,
      STUN_ATTRIBUTE.username,
      STUN_ATTRIBUTE.realm,
      STUN_ATTRIBUTE.nonce,
    ].includes(type as never),
);
const CODES: ReadonlySet<number> = new Set([0, ...Object.values(STUN_ERROR)]);
/** A signature costs more than what it protects. */
const RUNS = Math.ceil(FUZZ_RUNS / 10);

const worlds: ReturnType<typeof createHarness>[] = [];
afterAll(() => {
  for (const harness of worlds) {
    harness.server.close(harness.now);
    // Reserved ports come back by themselves.
    harness.now += 60_000;
    harness.server.tick(harness.now);
    expect(harness.server.freePorts(1)).toBe(100);
    expect(harness.server.freePorts(2)).toBe(100);
  }
});

describe.each(["udp", "tls"] as const)("signed requests over %s", kind => {
  it("whatever they hold, are answered by a known code, and no port is lost", { timeout: FUZZ_TIMEOUT }, () => {
    const random = createRandom(7);
    let pending: (() => void) | undefined;
    const harness = createHarness({
      mobility: true,
      limits: { perIdentity: 20, total: 0, bytesPerSecond: 0, maxChannel: 0x4fff },
      tcp: {
        connect(link: PeerLink, done) {
          pending = () => done(link.port % 2 === 0, harness.now);
        },
        join: () => random.chance(0.5),
        drop() {},
      },
    });
    worlds.push(harness);
    const clients = Array.from({ length: 8 }, () => harness.client({ kind }));
    const seen: Uint8Array[] = [Uint8Array.of(17, 0, 0, 0), Uint8Array.of(6, 0, 0, 0), Uint8Array.of(2, 0, 0, 0)];
    for (let run = 0; run < RUNS; run++) {
      const client = clients[random.integer(0, clients.length - 1)]!;
      const method = METHODS[random.integer(0, METHODS.length - 1)]!;
      const answer = client.request(method, to => {
        const count = random.integer(0, 5);
        if (method === STUN_METHOD.allocate && random.chance(0.8))
          to.data(STUN_ATTRIBUTE.requestedTransport, seen[random.integer(0, 1)]!);
        for (let i = 0; i < count; i++) {
          const type = TYPES[random.integer(0, TYPES.length - 1)]!;
          const length = random.chance(0.6) ? [0, 1, 4, 8, 20, 32][random.integer(0, 5)]! : random.integer(0, 40);
          const kindOfValue = random.integer(0, 2);
          if (kindOfValue === 0) to.xorAddress(type, random.chance(0.8) ? "192.0.3.1" : "2606:4700::1", run & 0xffff);
          else if (kindOfValue === 1) to.data(type, seen[random.integer(0, seen.length - 1)]!);
          else to.data(type, random.fill(Buffer.alloc(length)));
        }
      });
      if (answer) {
        must(CODES.has(answer.error), `answer ${answer.error}`);
        if (answer.error === 438 || answer.error === 401) client.nonce = answer.text(STUN_ATTRIBUTE.nonce) ?? "";
        // Tickets, tokens and connection numbers come back, as a client would bring them.
        for (const type of [STUN_ATTRIBUTE.mobilityTicket, STUN_ATTRIBUTE.connectionId])
          if (answer.uint32(type) >= 0 || answer.text(type)) seen[3 + (run % 40)] = answer.bytes.slice(24, 56);
      }
      if (random.chance(0.5)) pending?.();
      client.inbox.length = 0;
      harness.sent.length = 0;
      if (random.chance(0.01)) client.request(STUN_METHOD.refresh, to => to.uint32(STUN_ATTRIBUTE.lifetime, 0));
      if (kind === "tls" && random.chance(0.01)) client.disconnect();
      if (run % 100 > 0) continue;
      harness.now += random.integer(0, 60_000);
      harness.server.tick(harness.now);
    }
    expect(harness.server.counters.allocated).toBeGreaterThan(RUNS / 200);
  });
});
