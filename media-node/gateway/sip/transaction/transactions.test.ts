import { describe, expect, it } from "vitest";
import type { IncomingCall } from "../session/call.ts";
import { sentBy } from "../testing/call-pair.ts";
import { fieldOf, rawRequest, rawResponse, rawSdp } from "../testing/raw.ts";
import { createSipNet } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";

const STACK = "192.0.2.2";
const PEER = "192.0.2.9";

function create() {
  const net = createSipNet();
  const calls: IncomingCall[] = [];
  const end = createTestEnd(STACK);
  const stack = net.addStack(STACK, {
    called(call) {
      calls.push(call);
      return end.events;
    },
  });
  return { net, calls, end, stack, peer: net.addPeer(PEER) };
}

describe("server transactions", () => {
  it("answer a repeated INVITE with what was said last, once for all its copies", () => {
    const { net, calls, peer, stack } = create();
    const invite = rawRequest("INVITE", { sdp: rawSdp() });
    for (let i = 0; i < 3; i++) peer.send(STACK, invite);
    net.run(100);
    expect(calls).toHaveLength(1);
    expect(sentBy(stack, "SIP/2.0 100")).toHaveLength(3);
    calls[0]?.progress(180, net.now);
    peer.send(STACK, invite);
    net.run(100);
    expect(sentBy(stack, "SIP/2.0 180")).toHaveLength(2);
  });

  it("repeat a refusal until its ACK comes, for 32 s at most (timers G, H), and are done 5 s after it (I)", () => {
    const { net, calls, peer, stack } = create();
    const invite = rawRequest("INVITE", { sdp: rawSdp() });
    peer.send(STACK, invite);
    net.run(100);
    calls[0]?.reject(486, net.now);
    net.run(33_000);
    // At 0, 0.5, 1.5, 3.5, 7.5, 11.5, … 31.5 s.
    expect(sentBy(stack, "SIP/2.0 486")).toHaveLength(11);
    expect(stack.stack.nextTimeout).toBe(Number.POSITIVE_INFINITY);

    const other = create();
    other.peer.send(STACK, invite);
    other.net.run(100);
    other.calls[0]?.reject(486, other.net.now);
    const answer = other.peer.next("SIP/2.0 486");
    const branch = /branch=([^;]+)/.exec(fieldOf(invite, "Via"))?.[1] ?? "";
    other.peer.send(STACK, rawRequest("ACK", { branch, to: fieldOf(answer, "To") }));
    other.net.run(100);
    const count = sentBy(other.stack, "SIP/2.0 486").length;
    other.net.run(20_000);
    expect(sentBy(other.stack, "SIP/2.0 486")).toHaveLength(count);
    expect(other.stack.stack.nextTimeout).toBe(Number.POSITIVE_INFINITY);
  });

  it("refuse a request that comes by two ways (482), and a CANCEL of what they don't know (481)", () => {
    const { net, peer, calls } = create();
    peer.send(STACK, rawRequest("INVITE", { sdp: rawSdp() }));
    peer.send(STACK, rawRequest("INVITE", { sdp: rawSdp() }));
    expect(peer.next("SIP/2.0 482")).toContain("CSeq: 1 INVITE");
    peer.send(STACK, rawRequest("CANCEL"));
    expect(peer.next("SIP/2.0 481")).toContain("CANCEL");
    net.run(100);
    expect(calls).toHaveLength(1);
  });

  it("take a CANCEL from where the INVITE came from only", () => {
    const { net, peer, end } = create();
    const stranger = net.addPeer("192.0.2.66");
    const branch = "z9hG4bKcancelled";
    peer.send(STACK, rawRequest("INVITE", { sdp: rawSdp(), branch }));
    net.run(100);
    stranger.send(STACK, rawRequest("CANCEL", { branch }));
    net.run(100);
    expect(end.log).toEqual([]);
    peer.send(STACK, rawRequest("CANCEL", { branch }));
    peer.next("SIP/2.0 200");
    peer.next("SIP/2.0 487");
    expect(end.log).toEqual(["ended remote 487"]);
  });

  it("know clients that give no branch (RFC 2543)", () => {
    const { net, peer, calls, stack } = create();
    const invite = rawRequest("INVITE", { sdp: rawSdp(), branch: "1" });
    peer.send(STACK, invite);
    peer.send(STACK, invite);
    net.run(100);
    expect(calls).toHaveLength(1);
    calls[0]?.reject(603, net.now);
    const to = fieldOf(peer.next("SIP/2.0 603"), "To");
    peer.send(STACK, rawRequest("ACK", { branch: "1", to }));
    net.run(20_000);
    expect(sentBy(stack, "SIP/2.0 603")).toHaveLength(1);
  });
});

describe("client transactions", () => {
  const dial = ({ net, stack, end }: ReturnType<typeof create>) =>
    stack.stack.call(
      { target: `sip:peer@${PEER}`, from: { uri: `sip:room@${STACK}` }, media: end.media, events: end.events },
      net.now,
    );

  it("acknowledge a refusal each time that it comes, with the INVITE's branch, and tell of it once", () => {
    const made = create();
    const { net, peer, end } = made;
    dial(made);
    const invite = peer.next("INVITE");
    const refusal = rawResponse(invite, "503 Service Unavailable", { tag: "x" });
    for (let i = 0; i < 3; i++) peer.send(STACK, refusal);
    net.run(100);
    const acks = peer.inbox.filter(text => text.startsWith("ACK"));
    expect(acks).toHaveLength(3);
    expect(fieldOf(acks[0] ?? "", "Via")).toBe(fieldOf(invite, "Via"));
    expect(fieldOf(acks[0] ?? "", "To")).toContain("tag=x");
    expect(end.log).toEqual(["ended remote 503"]);
    net.run(33_000);
    expect(made.stack.stack.nextTimeout).toBe(Number.POSITIVE_INFINITY);
  });

  it("stop repeating an INVITE at a provisional response, and wait for the final one as long as it takes", () => {
    const made = create();
    const { net, peer, end, stack } = made;
    dial(made);
    peer.send(STACK, rawResponse(peer.next("INVITE"), "100 Trying"));
    net.run(600_000);
    expect(sentBy(stack, "INVITE")).toHaveLength(1);
    expect(end.log).toEqual([]);
  });

  it("repeat other requests every 4 s at most, for 32 s (timers E, F)", () => {
    const made = create();
    const { net, peer, stack } = made;
    const call = dial(made);
    const invite = peer.next("INVITE");
    peer.send(
      STACK,
      rawResponse(invite, "200 OK", { tag: "x", sdp: rawSdp(), lines: [`Contact: <sip:peer@${PEER}>`] }),
    );
    peer.next("ACK");
    call.hangUp(net.now);
    net.run(40_000);
    expect(sentBy(stack, "BYE")).toHaveLength(11);
    expect(stack.stack.nextTimeout).toBe(Number.POSITIVE_INFINITY);
  });

  it("ignore what answers nothing that they asked", () => {
    const made = create();
    const { net, peer, end } = made;
    dial(made);
    const invite = peer.next("INVITE");
    peer.send(STACK, rawResponse(invite.replace("branch=z9hG4bK", "branch=z9hG4bKother"), "200 OK", { tag: "x" }));
    peer.send(STACK, rawResponse(invite.replace("1 INVITE", "1 OPTIONS"), "200 OK", { tag: "x" }));
    net.run(100);
    expect(end.log).toEqual([]);
  });
});
