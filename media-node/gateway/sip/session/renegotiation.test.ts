import { describe, expect, it } from "vitest";
import { createTalk, sentBy } from "../testing/call-pair.ts";
import { bodyOf, fieldOf, rawRequest, rawResponse, rawSdp } from "../testing/raw.ts";
import { createSipNet } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";
import type { IncomingCall } from "./call.ts";

const STACK = "192.0.2.2";
const PEER = "192.0.2.9";
const CONTACT = `Contact: <sip:peer@${PEER}>`;

/** A stack in a call that a scripted peer made; requests of the peer's within it. */
function createWithin() {
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
  peer.send(STACK, rawRequest("INVITE", { sdp: rawSdp() }));
  net.run(50);
  if (!incoming) throw new Error("no call");
  const call = incoming;
  call.accept(end.media, net.now);
  const to = fieldOf(peer.next("SIP/2.0 200"), "To");
  peer.send(STACK, rawRequest("ACK", { to }));
  net.run(50);
  const within = (method: string, cseq: number, more: Parameters<typeof rawRequest>[1] = {}): string =>
    rawRequest(method, { to, cseq, ...more });
  return { net, end, stack, peer, call, within };
}

describe("a new offer", () => {
  it("puts on hold and takes off again, from both sides, the version rising with each change", () => {
    const { net, call, incoming, near, far, alice } = createTalk();
    near.media.setDirection("sendonly");
    call.renegotiate(net.now);
    net.run(1_000);
    expect([near.agreements.at(-1)?.direction, far.agreements.at(-1)?.direction]).toEqual(["sendonly", "recvonly"]);
    far.media.setDirection("inactive");
    incoming.renegotiate(net.now);
    net.run(1_000);
    expect([near.agreements.at(-1)?.direction, far.agreements.at(-1)?.direction]).toEqual(["inactive", "inactive"]);
    for (const end of [near, far]) end.media.setDirection("sendrecv");
    call.renegotiate(net.now);
    net.run(1_000);
    expect([near.agreements.at(-1)?.direction, far.agreements.at(-1)?.direction]).toEqual(["sendrecv", "sendrecv"]);
    const versions = sentBy(alice, "INVITE").map(text => / (\d+) IN IP4/.exec(bodyOf(text))?.[1]);
    expect(versions).toEqual(["1", "2", "4"]);
  });

  it("that crosses the other side's waits as long as RFC 3261 §14.1 says, then both come through", () => {
    const { net, call, incoming, near, far, alice, bob } = createTalk();
    near.media.setDirection("sendonly");
    far.media.setDirection("sendonly");
    call.renegotiate(net.now);
    incoming.renegotiate(net.now);
    net.run(100);
    expect(sentBy(alice, "SIP/2.0 491")).toHaveLength(1);
    expect(sentBy(bob, "SIP/2.0 491")).toHaveLength(1);
    net.run(1_900);
    expect(sentBy(bob, "INVITE")).toHaveLength(2);
    expect(sentBy(alice, "INVITE")).toHaveLength(2);
    net.run(3_000);
    expect(sentBy(alice, "INVITE")).toHaveLength(3);
    expect([near.agreements.at(-1)?.direction, far.agreements.at(-1)?.direction]).toEqual(["inactive", "inactive"]);
    expect([near.end, far.end]).toEqual([undefined, undefined]);
  });

  it("that is refused leaves the call as it was", () => {
    const { net, end, peer, call } = createWithin();
    end.media.setDirection("inactive");
    call.renegotiate(net.now);
    peer.send(STACK, rawResponse(peer.next("INVITE"), "488 Not Acceptable Here"));
    net.run(100);
    expect(end.log).toEqual(["established", "refused 488"]);
    expect(end.agreements.at(-1)?.direction).toBe("sendrecv");
  });

  it("is not undone by the repetition of an earlier answer", () => {
    const { net, end, peer, call } = createWithin();
    const answers = (["inactive", "sendrecv"] as const).map(direction => {
      end.media.setDirection(direction);
      call.renegotiate(net.now);
      const answer = rawResponse(peer.next("INVITE"), "200 OK", { lines: [CONTACT], sdp: rawSdp(direction) });
      peer.send(STACK, answer);
      peer.next("ACK");
      return answer;
    });
    peer.send(STACK, answers[0] ?? "");
    expect(fieldOf(peer.next("ACK"), "CSeq")).toBe(fieldOf(answers[0] ?? "", "CSeq").replace("INVITE", "ACK"));
    net.run(100);
    expect(end.agreements.map(({ direction }) => direction)).toEqual(["sendrecv", "inactive", "sendrecv"]);
  });

  it("is asked for by an INVITE without one, and answered in its ACK", () => {
    const { net, end, peer, within } = createWithin();
    peer.send(STACK, within("INVITE", 2));
    const offer = peer.next("SIP/2.0 200");
    expect(bodyOf(offer)).toContain("a=sendrecv");
    // The offer is open: another INVITE and an UPDATE must wait.
    peer.send(STACK, within("INVITE", 3, { sdp: rawSdp() }));
    expect(fieldOf(peer.next("SIP/2.0 500"), "Retry-After")).not.toBe("");
    peer.send(STACK, within("UPDATE", 4, { sdp: rawSdp() }));
    peer.next("SIP/2.0 491");
    peer.send(STACK, within("ACK", 2, { sdp: rawSdp("sendonly") }));
    net.run(100);
    expect(end.agreements.at(-1)?.direction).toBe("recvonly");
  });

  it("by UPDATE is answered at once; one that can't be used is refused and changes nothing", () => {
    const { net, end, peer, within } = createWithin();
    peer.send(STACK, within("UPDATE", 2, { sdp: rawSdp("inactive") }));
    expect(bodyOf(peer.next("SIP/2.0 200"))).toContain("a=inactive");
    peer.send(STACK, within("UPDATE", 3));
    expect(bodyOf(peer.next("SIP/2.0 200"))).toBe("");
    for (const method of ["UPDATE", "INVITE"]) {
      const sdp = rawSdp().replace("RTP/AVP 0 101", "RTP/AVP 18 101");
      peer.send(STACK, within(method, method === "UPDATE" ? 4 : 5, { sdp }));
      peer.next("SIP/2.0 488");
    }
    net.run(100);
    expect(end.agreements.at(-1)?.direction).toBe("inactive");
    expect(end.end).toBeUndefined();
  });

  it("of another m-line count or without an ACK's answer ends the call", () => {
    const { net, end, peer, within } = createWithin();
    peer.send(STACK, within("INVITE", 2));
    peer.next("SIP/2.0 200");
    peer.send(STACK, within("ACK", 2));
    peer.next("BYE");
    net.run(100);
    expect(end.end).toMatchObject({ by: "failure", status: 488 });
  });
});

describe("within a call", () => {
  it("a peer that moves is followed to its new Contact", () => {
    const { net, peer, call, within } = createWithin();
    peer.send(STACK, within("UPDATE", 2, { contact: `<sip:moved@${PEER}:5099>` }));
    peer.next("SIP/2.0 200");
    call.hangUp(net.now);
    expect(peer.next("BYE").split(" ", 2)[1]).toBe(`sip:moved@${PEER}:5099`);
  });

  it("requests out of order, of unknown kinds or requiring what we don't know are refused", () => {
    const { net, end, peer, within } = createWithin();
    peer.send(STACK, within("INFO", 5, { lines: ["Content-Type: application/dtmf-relay"] }));
    peer.next("SIP/2.0 200");
    peer.send(STACK, within("INFO", 4));
    peer.next("SIP/2.0 500");
    peer.send(STACK, within("OPTIONS", 6));
    expect(fieldOf(peer.next("SIP/2.0 200"), "Allow")).toContain("UPDATE");
    peer.send(STACK, within("SUBSCRIBE", 7));
    peer.next("SIP/2.0 405");
    peer.send(STACK, within("INVITE", 8, { lines: ["Require: path, timer"] }));
    expect(fieldOf(peer.next("SIP/2.0 420"), "Unsupported")).toBe("path");
    peer.send(STACK, within("INFO", 9, { to: "<sip:room@192.0.2.2>;tag=other" }));
    peer.next("SIP/2.0 481");
    peer.send(STACK, within("BYE", 10, { lines: ['Reason: Q.850;cause=31;text="gone"'] }));
    peer.next("SIP/2.0 200");
    net.run(100);
    expect(end.end).toMatchObject({ by: "remote", causes: ['Q.850;cause=31;text="gone"'] });
  });

  it("a caller's BYE before the answer ends it, the INVITE with 487", () => {
    const net = createSipNet();
    const end = createTestEnd(STACK);
    net.addStack(STACK, {
      called(call, now) {
        call.progress(180, now);
        return end.events;
      },
    });
    const peer = net.addPeer(PEER);
    peer.send(STACK, rawRequest("INVITE", { sdp: rawSdp() }));
    const to = fieldOf(peer.next("SIP/2.0 180"), "To");
    peer.send(STACK, rawRequest("BYE", { to, cseq: 2 }));
    peer.next("SIP/2.0 487");
    expect(end.log).toEqual(["ended remote 0"]);
  });
});
