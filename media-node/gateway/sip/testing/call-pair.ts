import type { CallOptions, IncomingCall, SipCall } from "../session/call.ts";
import type { SipHandler, SipStackOptions } from "../stack.ts";
import { createSipNet, type NetStack, type SipNet, type SipNetOptions } from "./sip-net.ts";
import { createTestEnd, type TestEnd } from "./test-call.ts";

export const ALICE = "192.0.2.1";
export const BOB = "192.0.2.2";

/** Alice, who calls, and Bob, whose phone rings. */
export interface CallPair {
  readonly net: SipNet;
  readonly alice: NetStack;
  readonly bob: NetStack;
  readonly near: TestEnd;
  readonly far: TestEnd;
  /** What Bob got. */
  readonly incoming: IncomingCall;
  dial(options?: Partial<CallOptions>): SipCall;
}

export interface CallPairOptions extends SipNetOptions {
  readonly aliceStack?: Partial<SipStackOptions>;
  readonly bobStack?: Partial<SipStackOptions>;
  readonly bobHandler?: Pick<SipHandler, "admit">;
}

export function createCallPair(options: CallPairOptions = {}): CallPair {
  const net = createSipNet(options);
  const near = createTestEnd(ALICE);
  const far = createTestEnd(BOB);
  let incoming: IncomingCall | undefined;
  const bob = net.addStack(
    BOB,
    {
      ...options.bobHandler,
      called(call, now) {
        incoming = call;
        call.progress(180, now);
        return far.events;
      },
    },
    options.bobStack,
  );
  const alice = net.addStack(ALICE, {}, options.aliceStack);
  return {
    net,
    alice,
    bob,
    near,
    far,
    get incoming() {
      if (!incoming) throw new Error("nobody called");
      return incoming;
    },
    dial: (more = {}) =>
      alice.stack.call(
        {
          target: `sip:bob@${BOB}`,
          from: { uri: `sip:alice@${ALICE}`, displayName: "Alice" },
          media: near.media,
          events: near.events,
          ...more,
        },
        net.now,
      ),
  };
}

export interface RingingPair extends CallPair {
  readonly call: SipCall;
}

/** A pair whose call has rung for ten seconds. */
export function createRinging(options: CallPairOptions = {}, more: Partial<CallOptions> = {}): RingingPair {
  const pair = createCallPair(options);
  const call = pair.dial(more);
  pair.net.run(10_000);
  return { ...pair, call, incoming: pair.incoming };
}

/** A pair that talks. */
export function createTalk(options: CallPairOptions = {}, more: Partial<CallOptions> = {}): RingingPair {
  const pair = createRinging(options, more);
  pair.incoming.accept(pair.far.media, pair.net.now);
  pair.net.run(10_000);
  return pair;
}

/** The messages among those that a stack sent whose start line begins so. */
export function sentBy({ sent }: NetStack, startsWith: string): string[] {
  return sent.filter(text => text.startsWith(startsWith));
}
