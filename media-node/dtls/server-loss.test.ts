import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FUZZ_RUNS, FUZZ_TIMEOUT } from "../testing/fuzz.ts";
import { ContentType } from "./constants.ts";
import { readRecord } from "./record-reader.ts";
import { createPair, hexOf, type Pair } from "./testing/pair.ts";

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const helloPaddings = fc.constantFrom(0, 1_400, 3_000);

/** Every record of all datagrams, as "epoch/number". */
function recordNumbers(datagrams: Uint8Array[]): string[] {
  const numbers: string[] = [];
  for (const datagram of datagrams) {
    for (let offset = 0; offset < datagram.length; ) {
      const record = readRecord(datagram, offset)!;
      offset += record.bytes.length;
      numbers.push(`${record.epoch}/${record.sequence}`);
    }
  }
  return numbers;
}

function expectUniqueNumbers({ link }: Pair): void {
  const numbers = recordNumbers(link.sent[1]);
  expect(new Set(numbers).size).toBe(numbers.length);
}

describe("at 20 % loss with reordering and duplication", () => {
  it("the handshake succeeds", { timeout: FUZZ_TIMEOUT }, () => {
    const times: number[] = [];
    fc.assert(
      fc.property(seeds, helloPaddings, (seed, helloPadding) => {
        const model = { seed, loss: 0.2, duplication: 0.1, delay: 30, jitter: 40 };
        const pair = createPair({ link: model, client: { helloPadding } }).connect();
        expect(pair.server.state).toBe("connected");
        expect(pair.client.connected).toBe(true);
        expect(pair.heard).toEqual([{ connected: hexOf({ ...pair.client.srtp }) }]);
        expectUniqueNumbers(pair);
        times.push(pair.link.now);
      }),
      { numRuns: FUZZ_RUNS / 100 },
    );
    times.sort((a, b) => a - b);
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(600);
  });

  it("no pair of epoch and record number is ever used twice, with data, alerts and repeated flights among them", () => {
    fc.assert(
      fc.property(seeds, fc.array(fc.nat(3), { maxLength: 60 }), (seed, actions) => {
        const pair = createPair({ link: { seed, loss: 0.2, duplication: 0.1, jitter: 30 } }).connect();
        for (const action of actions) {
          const now = pair.link.now;
          if (action === 0) pair.server.send(Buffer.from("data"));
          else if (action === 1) pair.client.tick(now + 1_000);
          else if (action === 2) {
            const finished = Uint8Array.of(20, 0, 0, 12, 0, 4, 0, 0, 0, 0, 0, 12, ...new Uint8Array(12));
            pair.link.send(0, pair.client.seal(ContentType.handshake, finished));
          } else pair.settle(now + 40);
        }
        pair.server.close();
        pair.settle();
        expectUniqueNumbers(pair);
      }),
      { numRuns: 50 },
    );
  });
});

it("a Finished that overtakes the rest of its flight needs no retransmission", () => {
  const pair = createPair({ client: { mtu: 200 } });
  pair.client.start(0);
  pair.link.run([pair.client, pair.server], () => pair.link.sent[0].length > 3, 1_000);
  const flight = pair.link.sent[0].slice(-4).reverse();
  for (const datagram of flight) pair.server.handle(datagram, 100);
  expect(pair.server.state).toBe("connected");
  expect(pair.server.counters.retransmitted).toBe(0);
});

it("a lost last flight is sent again when the client repeats its own", () => {
  const pair = createPair();
  pair.client.start(0);
  const deaf = {
    ...pair.client,
    handle: (datagram: Uint8Array, now: number) => {
      if (pair.server.state !== "connected") pair.client.handle(datagram, now);
    },
  };
  pair.link.run([deaf, pair.server], () => pair.server.state === "connected" && pair.link.now > 90, 1_000);
  expect(pair.client.connected).toBe(false);
  pair.link.run([pair.client, pair.server], () => pair.client.connected, 3_000);
  expect(pair.client.connected).toBe(true);
  expect(pair.server.counters.retransmitted).toBe(1);
  expect(pair.heard.length).toBe(1);
});
