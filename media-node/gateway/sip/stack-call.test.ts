import { describe, expect, it } from "vitest";
import type { IncomingCall } from "./session/call.ts";
import { createSipNet, type SipNetOptions } from "./testing/sip-net.ts";
import { createTestEnd } from "./testing/test-call.ts";

const ALICE = "192.0.2.1";
const BOB = "192.0.2.2";

/** Alice and Bob, whose phone rings. */
function createPair(options: SipNetOptions = {}) {
  const net = createSipNet(options);
  const far = createTestEnd(BOB);
  const near = createTestEnd(ALICE);
  let incoming: IncomingCall | undefined;
  const bob = net.addStack(BOB, {
    called(call, now) {
      incoming = call;
      call.progress(180, now);
      return far.events;
    },
  });
  const alice = net.addStack(ALICE);
  const dial = (more: { isOfferDelayed?: boolean } = {}) =>
    alice.stack.call(
      {
        target: `sip:bob@${BOB}`,
        from: { uri: `sip:alice@${ALICE}` },
        media: near.media,
        events: near.events,
        ...more,
      },
      net.now,
    );
  return {
    net,
    alice,
    bob,
    near,
    far,
    dial,
    get incoming(): IncomingCall {
      if (!incoming) throw new Error("nobody called");
      return incoming;
    },
  };
}

/** A pair that talks. */
function createTalk(options: SipNetOptions = {}, more: { isOfferDelayed?: boolean } = {}) {
  const pair = createPair(options);
  const call = pair.dial(more);
  pair.net.run(20_000);
  pair.incoming.accept(pair.far.media, pair.net.now);
  pair.net.run(20_000);
  return Object.assign(pair, { call });
}

describe("a call between two stacks", () => {
  it.each([[{}], [{ isOfferDelayed: true }]])("rings, is answered, talks and ends by BYE (%o)", more => {
    const { net, call, near, far, alice, bob } = createTalk({}, more);
    expect(near.log).toEqual(["180", "established"]);
    expect(far.log).toEqual(["established"]);
    expect(near.agreements.at(-1)).toMatchObject({ address: BOB, port: 4000, direction: "sendrecv" });
    expect(far.agreements.at(-1)).toMatchObject({ address: ALICE, port: 4000, direction: "sendrecv" });
    call.hangUp(net.now, "Q.850;cause=16");
    net.run(60_000);
    expect(near.end).toMatchObject({ by: "local" });
    expect(far.end).toMatchObject({ by: "remote", causes: ["Q.850;cause=16"] });
    expect([alice.stack.calls, bob.stack.calls]).toEqual([0, 0]);
    expect([alice.stack.nextTimeout, bob.stack.nextTimeout]).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
  });
});
