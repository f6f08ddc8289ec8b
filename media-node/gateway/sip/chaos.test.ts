import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Direction } from "../../sdp/rtp-formats.ts";
import type { IncomingCall, SipCall } from "./session/call.ts";
import { createSipNet } from "./testing/sip-net.ts";
import { createTestEnd, type TestEnd } from "./testing/test-call.ts";

const ADDRESSES = ["192.0.2.1", "192.0.2.2"] as const;
const DIRECTIONS: readonly Direction[] = ["sendrecv", "sendonly", "recvonly", "inactive"];

const turn = fc.record({
  kind: fc.constantFrom(
    "dial",
    "progress",
    "accept",
    "accept",
    "reject",
    "info",
    "hangUp",
    "renegotiate",
    "refer",
    "notify",
  ),
  isOfferDelayed: fc.boolean(),
  isReliable: fc.boolean(),
  status: fc.constantFrom(100, 180, 200, 486),
  direction: fc.constantFrom(...DIRECTIONS),
});
type Turn = typeof turn extends fc.Arbitrary<infer T> ? T : never;
const step = fc.record({ who: fc.constantFrom(0, 1), turn, pause: fc.constantFrom(0, 5, 30, 400, 3_000) });
const network = fc.record({
  seed: fc.nat(),
  loss: fc.constantFrom(0, 0.2),
  duplication: fc.constantFrom(0, 0.2),
  jitter: fc.constantFrom(0, 300),
});

interface Known {
  readonly call: SipCall;
  readonly incoming: IncomingCall | undefined;
  readonly end: TestEnd;
}

describe("two stacks that do whatever they like", () => {
  it("tell each call's end once, and in the end remember nothing", () => {
    fc.assert(
      fc.property(network, fc.array(step, { maxLength: 25 }), (options, steps) => {
        const net = createSipNet(options);
        const calls: [Known[], Known[]] = [[], []];
        const ends: TestEnd[] = [];
        const createEnd = (address: string): TestEnd => {
          const end = createTestEnd(address);
          ends.push(end);
          return end;
        };
        const stacks = ADDRESSES.map((address, who) =>
          net.addStack(address, {
            called(call) {
              const end = createEnd(address);
              calls[who === 0 ? 0 : 1].push({ call, incoming: call, end });
              return end.events;
            },
          }),
        );

        function act(who: 0 | 1, now: Turn): void {
          if (now.kind === "dial") {
            const end = createEnd(ADDRESSES[who]);
            const { media, events } = end;
            const { isOfferDelayed } = now;
            const headers = now.isReliable ? { require: "100rel" } : {};
            const from = { uri: `sip:a@${ADDRESSES[who]}` };
            const call = stacks[who]!.stack.call(
              { target: `sip:b@${ADDRESSES[1 - who]}`, from, media, events, isOfferDelayed, headers },
              net.now,
            );
            calls[who].push({ call, incoming: undefined, end });
            return;
          }
          const known = calls[who].at(-1);
          if (!known) return;
          const { call, incoming, end } = known;
          if (now.kind === "progress") incoming?.progress(183, net.now, end.media);
          else if (now.kind === "accept") incoming?.accept(end.media, net.now);
          else if (now.kind === "reject") incoming?.reject(486, net.now);
          else if (now.kind === "info") call.info("application/dtmf-relay", Buffer.from("Signal=1"), net.now);
          else if (now.kind === "refer") call.refer("sip:c@192.0.2.3", undefined, net.now);
          else if (now.kind === "notify") end.referrals.at(-1)?.notify(now.status, net.now);
          else if (now.kind === "hangUp") call.hangUp(net.now);
          else {
            end.media.setDirection(now.direction);
            call.renegotiate(net.now);
          }
        }

        const [isOfferDelayed, isReliable] = [steps.length % 2 === 0, steps.length % 3 === 0];
        act(0, { kind: "dial", isOfferDelayed, isReliable, status: 100, direction: "sendrecv" });
        net.run(400);
        for (const { who, turn: now, pause } of steps) {
          act(who === 0 ? 0 : 1, now);
          net.run(pause);
        }
        for (const { stack } of stacks) stack.close(net.now);
        net.run(200_000);
        for (const { stack } of stacks) {
          expect([stack.calls, stack.nextTimeout]).toEqual([0, Number.POSITIVE_INFINITY]);
        }
        for (const { log } of ends) {
          expect(log.filter(line => line.startsWith("ended"))).toHaveLength(1);
          expect(log.at(-1)).toMatch(/^ended/);
        }
      }),
      { numRuns: 150 },
    );
  });
});
