import { describe, expect, it } from "vitest";
import { sentBy } from "./testing/call-pair.ts";
import { fieldOf, rawRequest, rawSdp } from "./testing/raw.ts";
import { createSipNet } from "./testing/sip-net.ts";
import { createTestEnd } from "./testing/test-call.ts";

const STACK = "192.0.2.2";
const PEER = "192.0.2.9";
const LIMITS = { requestsPerSecond: 10, burst: 20, continuationsPerSecond: 50, refusalsPerSecond: 5 };

function create(more: { maxCalls?: number } = {}) {
  const net = createSipNet();
  let calls = 0;
  const added = net.addStack(
    STACK,
    {
      called(call, now) {
        calls++;
        call.progress(180, now);
        return createTestEnd().events;
      },
    },
    { admission: LIMITS, ...more },
  );
  return { net, ...added, peer: net.addPeer(PEER), calls: () => calls };
}

const invite = (i: number): string => rawRequest("INVITE", { callId: `flood${i}`, sdp: rawSdp() });

describe("a stack on the open Internet", () => {
  it("says nothing to scanners, whatever they send", () => {
    const { net, peer, sent, stack } = create();
    for (const agent of ["friendly-scanner", "sipcli/v1.8", "VaxSIPUserAgent/3.1", "sipvicious"]) {
      for (const method of ["OPTIONS", "REGISTER", "INVITE"]) {
        peer.send(STACK, rawRequest(method, { callId: agent + method, lines: [`User-Agent: ${agent}`] }));
      }
    }
    net.run(100);
    expect(sent).toEqual([]);
    expect(stack.counters.scanners).toBe(12);
  });

  it("tells users and strangers apart by nothing: methods, users and dialogs that don't exist are answered alike", () => {
    const { net, peer, sent } = create();
    for (const uri of ["sip:100@192.0.2.2", "sip:999@192.0.2.2"]) {
      peer.send(STACK, rawRequest("OPTIONS", { uri, to: `<${uri}>`, callId: uri }));
      net.run(100);
    }
    const [first = "", second = ""] = sent.map(text => text.replace(/^(Via|To|Call-ID): .*\r\n/gm, ""));
    expect(first).toBe(second);
    expect(first).toContain("SIP/2.0 200 OK");
  });

  it("answers a flood 503 without keeping anything, and then not at all; others don't notice", () => {
    const { net, peer, stack, calls, ...added } = create();
    for (let i = 0; i < 1_000; i++) peer.send(STACK, invite(i));
    net.run(20);
    expect(calls()).toBe(20);
    const refusals = sentBy({ stack, ...added }, "SIP/2.0 503");
    expect(refusals).toHaveLength(10);
    expect(fieldOf(refusals[0] ?? "", "Retry-After")).toBe("5");
    expect(stack.counters.overloaded).toBe(980);
    const other = net.addPeer("192.0.2.77");
    other.send(STACK, rawRequest("OPTIONS", { via: "SIP/2.0/UDP 192.0.2.77" }));
    expect(other.next("SIP/2.0 200")).toContain("OPTIONS");
    // Within the second, the source may speak again.
    net.run(1_000);
    peer.send(STACK, invite(2_000));
    net.run(50);
    expect(calls()).toBe(21);
  });

  it("takes no more calls than it may, and none once it is closed", () => {
    const { net, peer, calls, stack, ...added } = create({ maxCalls: 2 });
    for (let i = 0; i < 3; i++) peer.send(STACK, invite(i));
    net.run(50);
    expect(calls()).toBe(2);
    expect(sentBy({ stack, ...added }, "SIP/2.0 503")).toHaveLength(1);
    stack.close(net.now);
    peer.send(STACK, invite(4));
    net.run(50);
    expect(calls()).toBe(2);
    expect(sentBy({ stack, ...added }, "SIP/2.0 480")).toHaveLength(2);
  });

  it("listens to so much within a call, and takes its BYE as soon as that is less", () => {
    const { net, peer, stack, ...added } = create();
    peer.send(STACK, invite(1));
    net.run(50);
    const call = { callId: "flood1", to: `${fieldOf(sentBy({ stack, ...added }, "SIP/2.0 180")[0] ?? "", "To")}` };
    for (let i = 0; i < 1_000; i++) peer.send(STACK, rawRequest("INFO", { ...call, cseq: 2 + i }));
    net.run(50);
    expect(sentBy({ stack, ...added }, "SIP/2.0 415")).toHaveLength(100);
    net.run(1_000);
    peer.send(STACK, rawRequest("BYE", { ...call, cseq: 2_000 }));
    net.run(50);
    expect(stack.calls).toBe(0);
  });

  it("gives what can't be read few answers, and a repeated refusal the same tag", () => {
    const { net, peer, sent } = create();
    const broken = rawRequest("INVITE", { sdp: rawSdp() }).replace("CSeq: 1 INVITE", "CSeq: 1 BYE");
    for (let i = 0; i < 100; i++) peer.send(STACK, broken);
    net.run(50);
    expect(sent).toHaveLength(10);
    expect(new Set(sent.map(text => fieldOf(text, "To"))).size).toBe(1);
  });
});
