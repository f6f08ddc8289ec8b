import { describe, expect, it } from "vitest";
import { createCallPair, createTalk, sentBy } from "../testing/call-pair.ts";
import { bodyOf, fieldOf, rawRequest, rawResponse, rawSdp } from "../testing/raw.ts";
import { createSipNet, type NetPeer } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";
import type { IncomingCall } from "./call.ts";

const STACK = "192.0.2.2";
const PEER = "192.0.2.9";

/** A stack that leaves calls to the test, and a scripted peer that wants to know that its provisional responses arrived. */
function createCalled(isRequired = true) {
  const net = createSipNet();
  const end = createTestEnd(STACK);
  let incoming: IncomingCall | undefined;
  const stack = net.addStack(STACK, {
    called(call) {
      incoming = call;
      return end.events;
    },
  });
  const peer = net.addPeer(PEER);
  const field = `${isRequired ? "Require" : "Supported"}: 100rel`;
  return {
    ...{ net, end, stack, peer },
    call(sdp?: string): IncomingCall {
      peer.send(STACK, rawRequest("INVITE", { lines: [field], ...(sdp !== undefined && { sdp }) }));
      peer.next("SIP/2.0 100");
      return incoming!;
    },
  };
}

/** Acknowledges a reliable response. */
function prack(peer: NetPeer, response: string, cseq: number, sdp?: string): void {
  const rack = `RAck: ${fieldOf(response, "RSeq")} 1 INVITE`;
  peer.send(
    STACK,
    rawRequest("PRACK", { to: fieldOf(response, "To"), cseq, lines: [rack], ...(sdp !== undefined && { sdp }) }),
  );
}

describe("a provisional response that is to arrive (RFC 3262)", () => {
  it("is repeated until its PRACK comes; the next one waits for that, and what was acknowledged is no more", () => {
    const { net, peer, call } = createCalled();
    const incoming = call(rawSdp());
    incoming.progress(180, net.now);
    incoming.progress(183, net.now);
    const first = peer.next("SIP/2.0 180");
    expect(fieldOf(first, "Require")).toBe("100rel");
    const number = Number(fieldOf(first, "RSeq"));
    net.run(1_600);
    expect(peer.inbox.filter(text => text.startsWith("SIP/2.0 180"))).toHaveLength(2);
    expect(peer.inbox.some(text => text.startsWith("SIP/2.0 183"))).toBe(false);
    peer.inbox.length = 0;
    prack(peer, first, 2);
    peer.next("SIP/2.0 200");
    expect(Number(fieldOf(peer.next("SIP/2.0 183"), "RSeq"))).toBe(number + 1);
    prack(peer, first, 3);
    peer.next("SIP/2.0 481");
  });

  it("may bring the answer: the 2xx waits until that has arrived, and doesn't repeat it", () => {
    const { net, end, peer, call } = createCalled(false);
    const incoming = call(rawSdp());
    incoming.progress(180, net.now);
    expect(fieldOf(peer.next("SIP/2.0 180"), "RSeq")).toBe("");
    incoming.progress(183, net.now, end.media);
    incoming.accept(end.media, net.now);
    const early = peer.next("SIP/2.0 183");
    expect(bodyOf(early)).toContain("m=audio 4000");
    net.run(1_000);
    expect(peer.inbox.some(text => text.startsWith("SIP/2.0 200"))).toBe(false);
    prack(peer, early, 2);
    expect(fieldOf(peer.next("SIP/2.0 200"), "CSeq")).toBe("2 PRACK");
    const ok = peer.next("SIP/2.0 200");
    expect([fieldOf(ok, "CSeq"), bodyOf(ok)]).toEqual(["1 INVITE", ""]);
    peer.send(STACK, rawRequest("ACK", { to: fieldOf(ok, "To") }));
    net.run(100);
    expect(end.log).toEqual(["established"]);
  });

  it("may bring our offer, whose answer is in the PRACK; then an UPDATE may change it before the call is answered", () => {
    const { net, end, peer, call } = createCalled();
    const incoming = call();
    // Without an offer nothing may be said reliably.
    incoming.progress(180, net.now);
    incoming.progress(183, net.now, end.media);
    const early = peer.next("SIP/2.0 183");
    expect(bodyOf(early)).toContain("m=audio 4000");
    prack(peer, early, 2, rawSdp());
    peer.next("SIP/2.0 200");
    expect(end.agreements).toHaveLength(1);
    const to = fieldOf(early, "To");
    peer.send(STACK, rawRequest("UPDATE", { to, cseq: 3, sdp: rawSdp("sendonly", PEER, 2) }));
    expect(bodyOf(peer.next("SIP/2.0 200"))).toContain("a=recvonly");
    incoming.accept(end.media, net.now);
    expect(bodyOf(peer.next("SIP/2.0 200"))).toBe("");
    peer.send(STACK, rawRequest("ACK", { to }));
    net.run(100);
    expect(end.log).toEqual(["established"]);
  });

  it("without a description may be acknowledged after the call was answered", () => {
    const { net, end, peer, call } = createCalled();
    const incoming = call(rawSdp());
    incoming.progress(180, net.now);
    incoming.accept(end.media, net.now);
    const ringing = peer.next("SIP/2.0 180");
    expect(fieldOf(peer.next("SIP/2.0 200"), "CSeq")).toBe("1 INVITE");
    prack(peer, ringing, 2);
    expect(fieldOf(peer.next("SIP/2.0 200"), "CSeq")).toBe("2 PRACK");
    prack(peer, ringing, 3);
    peer.next("SIP/2.0 481");
    net.run(3_000);
    expect(peer.inbox.some(text => text.startsWith("SIP/2.0 180"))).toBe(false);
  });

  it("may be followed by an offer in the PRACK", () => {
    const { net, end, peer, call } = createCalled();
    call(rawSdp()).progress(183, net.now, end.media);
    const early = peer.next("SIP/2.0 183");
    prack(peer, early, 2, rawSdp("inactive", PEER, 2));
    expect(bodyOf(peer.next("SIP/2.0 200"))).toContain("a=inactive");
  });

  it("without a PRACK within 64 × T1 ends the call with 504", () => {
    const { net, end, stack, peer, call } = createCalled();
    call(rawSdp()).progress(180, net.now);
    peer.next("SIP/2.0 504");
    expect(end.log).toEqual(["ended failure 504"]);
    net.run(120_000);
    expect(stack.stack.nextTimeout).toBe(Number.POSITIVE_INFINITY);
    expect(sentBy(stack, "SIP/2.0 180").length).toBeLessThan(9);
  });

  it.each([1, 2, 3, 4, 5])("survives losses, both ends being ours (seed %i)", seed => {
    const pair = createCallPair({ loss: 0.25, seed });
    const { net, bob, alice, near, far } = pair;
    pair.dial({ headers: { require: "100rel" } });
    net.run(30_000);
    pair.incoming.progress(183, net.now, far.media);
    pair.incoming.accept(far.media, net.now);
    net.run(40_000);
    expect([near.log.at(-1), far.log.at(-1)]).toEqual(["established", "established"]);
    expect(sentBy(alice, "PRACK").length).toBeGreaterThan(0);
    expect(sentBy(bob, "SIP/2.0 504")).toHaveLength(0);
  });
});

describe("a callee's reliable response", () => {
  /** A stack that calls a scripted peer. */
  function create(isOfferDelayed = false) {
    const net = createSipNet();
    const end = createTestEnd(STACK);
    const stack = net.addStack(STACK);
    const peer = net.addPeer(PEER);
    const options = { target: `sip:peer@${PEER}`, from: { uri: `sip:room@${STACK}` }, isOfferDelayed };
    stack.stack.call({ ...options, media: end.media, events: end.events }, net.now);
    const invite = peer.next("INVITE");
    const respond = (status: string, number: number, sdp?: string): void => {
      const reliable = number === 0 ? [] : ["Require: 100rel", `RSeq: ${number}`];
      const lines = [`Contact: <sip:peer@${PEER}>`, ...reliable];
      peer.send(STACK, rawResponse(invite, status, { tag: "x", lines, ...(sdp !== undefined && { sdp }) }));
    };
    return { net, end, stack, peer, respond };
  }

  it("is acknowledged once, in its order", () => {
    const { net, end, stack, peer, respond } = create();
    respond("180 Ringing", 77);
    const request = peer.next("PRACK");
    expect(fieldOf(request, "RAck")).toBe("77 1 INVITE");
    peer.send(STACK, rawResponse(request, "200 OK"));
    respond("180 Ringing", 77);
    respond("183 Session Progress", 79, rawSdp());
    net.run(1_000);
    expect(sentBy(stack, "PRACK")).toHaveLength(1);
    respond("183 Session Progress", 78, rawSdp());
    expect(fieldOf(peer.next("PRACK"), "RAck")).toBe("78 1 INVITE");
    expect(end.log).toEqual(["180", "183"]);
    respond("200 OK", 0);
    peer.next("ACK");
    expect([end.log.at(-1), end.agreements.length]).toEqual(["established", 1]);
  });

  it("may hold the offer: the PRACK answers it, and the ACK says nothing more", () => {
    const { end, peer, respond } = create(true);
    respond("183 Session Progress", 1, rawSdp());
    expect(bodyOf(peer.next("PRACK"))).toContain("m=audio 4000");
    respond("200 OK", 0);
    expect(bodyOf(peer.next("ACK"))).toBe("");
    expect([end.log.at(-1), end.agreements.length]).toEqual(["established", 1]);
  });

  it("may be followed by an UPDATE before the answer", () => {
    const { net, end, peer, respond } = create();
    respond("183 Session Progress", 1, rawSdp());
    const request = peer.next("PRACK");
    peer.send(STACK, rawResponse(request, "200 OK"));
    const dialog = { from: fieldOf(request, "To"), to: fieldOf(request, "From"), callId: fieldOf(request, "Call-ID") };
    peer.send(STACK, rawRequest("UPDATE", { ...dialog, sdp: rawSdp("sendonly", PEER, 2) }));
    expect(bodyOf(peer.next("SIP/2.0 200"))).toContain("a=recvonly");
    respond("200 OK", 0);
    net.run(100);
    expect(end.agreements.at(-1)?.direction).toBe("recvonly");
  });
});

it("a call that both ends hang up at once is forgotten by both", () => {
  const { net, near, far, alice, bob, call, incoming } = createTalk({}, { headers: { require: "100rel" } });
  incoming.hangUp(net.now);
  call.hangUp(net.now);
  net.run(120_000);
  expect([near.end?.by, far.end?.by]).toEqual(["local", "local"]);
  for (const { stack } of [alice, bob]) expect([stack.calls, stack.nextTimeout]).toEqual([0, Number.POSITIVE_INFINITY]);
});
