import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT } from "../testing/fuzz.ts";
import { createPair, type Pair } from "./testing/pair.ts";

/** A pair brought to one state of the server's handshake, and the honest datagrams that would come next. */
interface Scene {
  readonly pair: Pair;
  readonly honest: readonly Uint8Array[];
}

const SCENES: Record<string, () => Scene> = {
  "before the hello": () => {
    const pair = createPair({ client: { helloPadding: 1_500, mtu: 600 } });
    pair.client.start(0);
    return { pair, honest: pair.link.sent[0] };
  },
  "within the hello": () => {
    const pair = createPair({ client: { helloPadding: 1_500, mtu: 600 } });
    pair.client.start(0);
    pair.server.handle(pair.link.sent[0][0]!, 0);
    return { pair, honest: pair.link.sent[0] };
  },
  ...Object.fromEntries(
    [0, 1, 2, 3].map(count => [
      `after ${count} datagrams of the client's second flight`,
      () => {
        const pair = createPair({ client: { mtu: 200 } });
        pair.client.start(0);
        pair.server.handle(pair.link.sent[0][0]!, 0);
        for (const datagram of pair.link.sent[1]) pair.client.handle(datagram, 0);
        const flight = pair.link.sent[0].slice(1);
        for (const datagram of flight.slice(0, count)) pair.server.handle(datagram, 0);
        return { pair, honest: flight };
      },
    ]),
  ),
  "when connected": () => {
    const pair = createPair().connect();
    return { pair, honest: [pair.client.seal(23, Buffer.from("data")), ...pair.link.sent[0]] };
  },
};

/** Bytes to put in place of honest ones: a datagram's number, then edits, a cut, or noise altogether. */
const attacks = fc.array(
  fc.record({
    which: fc.nat(20),
    edits: fc.array(fc.tuple(fc.nat(1_300), fc.nat(255)), { maxLength: 4 }),
    cut: fc.option(fc.nat(1_300), { nil: undefined }),
    noise: fc.option(fc.uint8Array({ maxLength: 80 }), { nil: undefined, freq: 5 }),
  }),
  { minLength: 1, maxLength: 40 },
);

function applyAttack(honest: readonly Uint8Array[], attack: Parameters<typeof mutate>[1]): Uint8Array {
  return mutate(honest[attack.which % honest.length]!, attack);
}

function mutate(
  datagram: Uint8Array,
  {
    edits,
    cut,
    noise,
  }: { which: number; edits: [number, number][]; cut?: number | undefined; noise?: Uint8Array | undefined },
): Uint8Array {
  const bytes = new Uint8Array(datagram);
  for (const [at, value] of edits) bytes[at % bytes.length] = value;
  const cutBytes = cut === undefined ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
  return noise === undefined ? cutBytes : Buffer.concat([cutBytes, noise]);
}

describe.each(Object.entries(SCENES))("hostile datagrams %s", (_, scene) => {
  it("never throw, never connect an impostor, never loosen the timers", { timeout: FUZZ_TIMEOUT }, () => {
    const perScene = Math.ceil(FUZZ_RUNS / Object.keys(SCENES).length / 20);
    fc.assert(
      fc.property(attacks, list => {
        const { pair, honest } = scene();
        const { server, heard } = pair;
        const before = server.state;
        for (const [now, attack] of list.entries()) {
          server.handle(applyAttack(honest, attack), now);
          expect(server.nextTimeout()).toSatisfy((at: number) => at > now || server.state === "handshake");
        }
        const endings = heard.filter(event => "failed" in event || "closed" in event);
        expect(endings.length).toBe(server.state === "closed" ? 1 : 0);
        // Whoever was connected stays so: nothing here authenticates but what the client itself sealed.
        if (before === "connected") expect(server.state).toBe("connected");
        server.tick(20_000);
        if (server.state !== "connected") expect(server.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
      }),
      { numRuns: perScene },
    );
  });
});
