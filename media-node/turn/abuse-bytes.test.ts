/** Abuse tests of a TURN server, by their numbers: hostile bytes, and the bytes that leave. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { STUN_ATTRIBUTE, STUN_METHOD } from "../stun/constants.ts";
import { createHarness, onlyRelay } from "./testing/harness.ts";

const PEER = "192.0.3.1:4000";
const RUNS = Number(process.env.FUZZ_RUNS ?? 2_000);

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
