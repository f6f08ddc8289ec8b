import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALICE, BOB, createCallPair, createRinging, createTalk, sentBy } from "./testing/call-pair.ts";

const MINUTE = 60_000;

describe("a call between two stacks", () => {
  it.each([
    ["udp", false],
    ["udp", true],
    ["tcp", false],
    ["ws", true],
  ] as const)(
    "rings, is answered, and ends with a reason, leaving nothing (%s, delayed offer: %s)",
    (transport, isOfferDelayed) => {
      const { net, call, near, far, alice, bob } = createTalk({ transport }, { isOfferDelayed });
      expect(near.log).toEqual(["180", "established"]);
      expect(far.log).toEqual(["established"]);
      expect(near.agreements.at(-1)).toMatchObject({ address: BOB, port: 4000, direction: "sendrecv" });
      expect(far.agreements.at(-1)).toMatchObject({ address: ALICE, port: 4000, direction: "sendrecv" });
      call.hangUp(net.now, "Q.850;cause=16");
      net.run(MINUTE);
      expect(near.end).toMatchObject({ by: "local" });
      expect(far.end).toMatchObject({ by: "remote", causes: ["Q.850;cause=16"] });
      for (const { stack } of [alice, bob]) {
        expect([stack.calls, stack.nextTimeout]).toEqual([0, Number.POSITIVE_INFINITY]);
      }
    },
  );

  it("ends at either side's word, also that of whom it was made to", () => {
    const { net, incoming, near, far } = createTalk();
    incoming.hangUp(net.now);
    net.run(1_000);
    expect([near.end?.by, far.end?.by]).toEqual(["remote", "local"]);
  });

  it("is refused with the callee's status and words", () => {
    const { net, incoming, near, far } = createRinging();
    incoming.reject(486, net.now, { reason: "On Another Call", headers: { reason: "Q.850;cause=17" } });
    net.run(MINUTE);
    expect(near.end).toMatchObject({
      by: "remote",
      status: 486,
      reason: "On Another Call",
      causes: ["Q.850;cause=17"],
    });
    expect(far.end).toMatchObject({ by: "local", status: 486 });
  });

  it("is given up while it rings: the callee stops at once", () => {
    const { net, alice, bob, near, far, call } = createRinging();
    call.hangUp(net.now);
    net.run(MINUTE);
    expect(near.end?.by).toBe("local");
    expect(far.end).toMatchObject({ by: "remote", status: 487 });
    expect(sentBy(alice, "CANCEL")).toHaveLength(1);
    expect(sentBy(bob, "SIP/2.0 487")).toHaveLength(1);
  });

  it("is not cancelled before the callee has shown a sign of life (RFC 3261 §9.1)", () => {
    let isDeaf = true;
    const { net, alice, near, dial } = createCallPair({ loses: (_, from) => isDeaf && from === BOB });
    const call = dial();
    net.run(200);
    call.hangUp(net.now);
    net.run(200);
    expect(sentBy(alice, "CANCEL")).toHaveLength(0);
    isDeaf = false;
    net.run(5_000);
    expect(sentBy(alice, "CANCEL")).toHaveLength(1);
    expect(near.log).toEqual(["ended local 0"]);
  });

  it("ends with a BYE where the answer crossed the CANCEL", () => {
    const { net, alice, incoming, near, far, call } = createRinging();
    incoming.accept(far.media, net.now);
    call.hangUp(net.now);
    net.run(MINUTE);
    expect(near.log).toEqual(["180", "ended local 0"]);
    expect(far.log).toEqual(["established", "ended remote 0"]);
    expect(sentBy(alice, "ACK")).toHaveLength(1);
    expect(sentBy(alice, "BYE")).toHaveLength(1);
  });

  it("times out where nobody answers: 408 after 64 × T1, the INVITE doubling its pauses", () => {
    const { net, alice, near, dial } = createCallPair({ loses: (_, from) => from === ALICE });
    dial();
    net.run(31_900);
    expect(near.log).toEqual([]);
    expect(sentBy(alice, "INVITE")).toHaveLength(7);
    net.run(2_000);
    expect(near.end).toMatchObject({ by: "failure", status: 408 });
  });

  it("repeats the 2xx until the ACK comes, over reliable transports too, and gives up after 32 s with a BYE", () => {
    let losesAck = 3;
    const talk = createTalk({ transport: "tcp", loses: text => text.startsWith("ACK") && losesAck-- > 0 });
    expect(sentBy(talk.bob, "SIP/2.0 200").length).toBeGreaterThan(3);
    expect(talk.far.log).toEqual(["established"]);

    const mute = createTalk({ loses: text => text.startsWith("ACK") });
    mute.net.run(32_000);
    expect(mute.far.end).toMatchObject({ by: "failure", status: 408, reason: "No ACK" });
    expect(mute.near.end).toMatchObject({ by: "remote" });
  });

  it("ends at both ends though BYEs get lost; where none arrives the session timer ends it", () => {
    let losesBye = 4;
    const lossy = createTalk({ loses: text => text.startsWith("BYE") && losesBye-- > 0 });
    lossy.call.hangUp(lossy.net.now);
    lossy.net.run(10_000);
    expect(lossy.far.end).toMatchObject({ by: "remote" });
    const deaf = createTalk({ loses: text => text.startsWith("BYE") });
    deaf.call.hangUp(deaf.net.now);
    deaf.net.run(31 * MINUTE);
    expect(deaf.near.log.at(-1)).toBe("ended local 0");
    // Its refresh meets nobody who knows the call.
    expect(deaf.far.end).toMatchObject({ by: "failure", status: 481 });
    expect(deaf.bob.stack.calls).toBe(0);
  });

  it("puts off the callee's BYE until the ACK came (RFC 3261 §15)", () => {
    let isLost = true;
    const { net, incoming, bob, far } = createRinging({ loses: text => isLost && text.startsWith("ACK") });
    incoming.accept(far.media, net.now);
    net.run(100);
    incoming.hangUp(net.now);
    net.run(300);
    expect(far.end?.by).toBe("local");
    expect(sentBy(bob, "BYE")).toHaveLength(0);
    isLost = false;
    net.run(2_000);
    expect(sentBy(bob, "BYE")).toHaveLength(1);
  });

  it("carries early media, then the same answer again", () => {
    const { net, incoming, near, far } = createRinging();
    incoming.progress(183, net.now, far.media);
    net.run(1_000);
    expect(near.agreements).toHaveLength(1);
    expect(near.log).toEqual(["180", "183"]);
    incoming.accept(far.media, net.now);
    net.run(1_000);
    expect(near.agreements).toHaveLength(1);
    expect(near.log.at(-1)).toBe("established");
  });

  it("reminds the caller every minute that it still rings (RFC 3261 §13.3.1.1)", () => {
    const { net, bob, near } = createRinging();
    net.run(5 * MINUTE);
    expect(sentBy(bob, "SIP/2.0 180")).toHaveLength(6);
    expect(near.end).toBeUndefined();
  });

  it("carries INFO both ways and tells what it can't take", () => {
    const { net, call, incoming, near, far, bob } = createTalk();
    call.info("application/dtmf-relay", Buffer.from("Signal=5\r\n"), net.now);
    incoming.info("text/plain", Buffer.from("hello"), net.now);
    net.run(1_000);
    expect(far.log.at(-1)).toBe("info application/dtmf-relay Signal=5\r\n");
    expect(near.log.at(-1)).toBe("info text/plain hello");
    expect(sentBy(bob, "SIP/2.0 200").at(-1)).toContain("INFO");
  });

  it("ends where the peer has forgotten it", () => {
    const { net, call, near, far, incoming } = createTalk({ loses: text => text.startsWith("BYE") });
    incoming.hangUp(net.now);
    net.run(40_000);
    expect(far.end?.by).toBe("local");
    expect(near.end).toBeUndefined();
    call.info("text/plain", new Uint8Array(0), net.now);
    net.run(1_000);
    expect(near.end).toMatchObject({ by: "failure", status: 481 });
  });

  it("is over at both ends when a stack closes", () => {
    const { net, alice, near, far } = createTalk();
    alice.stack.close(net.now);
    net.run(1_000);
    expect([near.end?.by, far.end?.by]).toEqual(["local", "remote"]);
  });

  it("comes about, is held, resumed and ended, whatever a bad network loses", () => {
    fc.assert(
      fc.property(fc.nat(), fc.boolean(), (seed, isOfferDelayed) => {
        const pair = createCallPair({ seed, loss: 0.25, duplication: 0.2, jitter: 300 });
        const { net, near, far, alice, bob, dial } = pair;
        const call = dial({ isOfferDelayed });
        net.run(33_000);
        // The INVITE may be lost seven times.
        fc.pre(near.end === undefined);
        const { incoming } = pair;
        incoming.accept(far.media, net.now);
        net.run(30_000);
        expect(near.log).toContain("established");
        expect(far.log).toContain("established");
        near.media.setDirection("sendonly");
        call.renegotiate(net.now);
        far.media.setDirection("inactive");
        incoming.renegotiate(net.now);
        net.run(2 * MINUTE);
        if (!near.end && !far.end) {
          expect(near.agreements.at(-1)?.direction).toBe("inactive");
          expect(far.agreements.at(-1)?.direction).toBe("inactive");
          call.hangUp(net.now);
        }
        net.run(2 * MINUTE);
        expect([alice.stack.calls, bob.stack.calls]).toEqual([0, 0]);
      }),
      { numRuns: 60 },
    );
  });
});
