import { describe, expect, it } from "vitest";
import { createTalk, sentBy } from "../testing/call-pair.ts";
import { bodyOf, fieldOf, rawRequest, rawResponse, rawSdp } from "../testing/raw.ts";
import { createSipNet } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";

const STACK = "192.0.2.2";
const PEER = "192.0.2.9";

/** A stack that answers, and a scripted peer in a call with it. */
function createWithin(takes = true) {
  const net = createSipNet();
  const end = createTestEnd(STACK);
  const stack = net.addStack(STACK, {
    called(call, now) {
      call.accept(end.media, now);
      const { referred, ...events } = end.events;
      return takes ? { ...events, referred: referral => referred!(referral) } : events;
    },
  });
  const peer = net.addPeer(PEER);
  peer.send(STACK, rawRequest("INVITE", { sdp: rawSdp() }));
  const to = fieldOf(peer.next("SIP/2.0 200"), "To");
  peer.send(STACK, rawRequest("ACK", { to }));
  const refer = (cseq: number, referTo: string, ...lines: string[]): void =>
    peer.send(STACK, rawRequest("REFER", { to, cseq, lines: [`Refer-To: ${referTo}`, ...lines] }));
  /** The next NOTIFY, answered. */
  const notified = () => {
    const notify = peer.next("NOTIFY");
    peer.send(STACK, rawResponse(notify, "200 OK"));
    return [bodyOf(notify).trim(), fieldOf(notify, "Event"), fieldOf(notify, "Subscription-State").split(";")[0]];
  };
  return { net, end, stack, peer, to, refer, notified };
}

describe("a peer's REFER (RFC 3515)", () => {
  it("is taken, and the peer told at once and as it goes, to the end", () => {
    const { net, end, peer, refer, notified } = createWithin();
    refer(2, "<sip:carol@example.com>");
    peer.next("SIP/2.0 202");
    expect(notified()).toEqual(["SIP/2.0 100 Trying", "refer;id=2", "active"]);
    const [referral] = end.referrals;
    expect(referral).toMatchObject({ uri: { user: "carol", host: "example.com" }, replaces: undefined });
    referral?.notify(180, net.now);
    referral?.notify(180, net.now);
    expect(notified()[0]).toBe("SIP/2.0 180 Ringing");
    // One thing at a time.
    refer(3, "<sip:dave@example.com>");
    peer.next("SIP/2.0 491");
    referral?.notify(200, net.now);
    referral?.notify(486, net.now);
    expect(notified()).toEqual(["SIP/2.0 200 OK", "refer;id=2", "terminated"]);
    net.run(60_000);
    expect(peer.inbox.filter(text => text.startsWith("NOTIFY"))).toHaveLength(0);
    refer(4, "<sip:dave@example.com>");
    peer.next("SIP/2.0 202");
  });

  it("names the call to be replaced", () => {
    const { end, peer, refer } = createWithin();
    refer(2, "<sip:carol@example.com?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>");
    peer.next("SIP/2.0 202");
    expect(end.referrals[0]?.replaces).toEqual({ callId: "a@b", toTag: "1", fromTag: "2", isEarlyOnly: false });
  });

  it("from whoever doesn't care gets no NOTIFY (RFC 4488)", () => {
    const { net, end, peer, refer } = createWithin();
    refer(2, "sip:carol@example.com", "Refer-Sub: false");
    expect(fieldOf(peer.next("SIP/2.0 202"), "Refer-Sub")).toBe("false");
    end.referrals[0]?.notify(200, net.now);
    net.run(10_000);
    expect(peer.inbox).toEqual([]);
  });

  it.each([
    ["nothing", ""],
    ["a web page", "<http://example.com/>"],
    ["a message", "<sip:carol@example.com;method=MESSAGE>"],
    ["a call that is none", "<sip:carol@example.com?Replaces=nonsense>"],
    ["two calls", "<sip:c@example.com?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&Replaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>"],
  ])("about %s is refused", (_, referTo) => {
    const { end, peer, refer } = createWithin();
    refer(2, referTo);
    peer.next("SIP/2.0 400");
    expect(end.referrals).toEqual([]);
  });

  it("is refused where nobody takes any, and outside of calls", () => {
    const { peer, refer } = createWithin(false);
    refer(2, "<sip:carol@example.com>");
    peer.next("SIP/2.0 403");
    peer.send(STACK, rawRequest("REFER", { callId: "other", lines: ["Refer-To: <sip:carol@example.com>"] }));
    peer.next("SIP/2.0 403");
    peer.send(STACK, rawRequest("NOTIFY", { callId: "another", lines: ["Event: refer"] }));
    peer.next("SIP/2.0 481");
  });

  it("a thousand times over costs one call at most, and no more messages than came", () => {
    const { net, end, stack, refer } = createWithin();
    const before = stack.sent.length;
    for (let i = 0; i < 1_000; i++) refer(2 + i, "<sip:carol@example.com>");
    net.run(60_000);
    expect(end.referrals).toHaveLength(1);
    // An answer to each, and one NOTIFY, repeated as nobody answers it.
    expect(stack.sent.length - before).toBeLessThan(1_020);
  });
});

describe("our REFER", () => {
  it("asks the peer, and hears how it goes to the end", () => {
    const { net, near, far, alice, call } = createTalk();
    expect(call.refer("sip:carol@192.0.2.3", undefined, net.now)).toBe(true);
    expect(call.refer("sip:dave@192.0.2.3", undefined, net.now)).toBe(false);
    net.run(1_000);
    const [referral] = far.referrals;
    expect(referral?.uri.user).toBe("carol");
    const [request = ""] = sentBy(alice, "REFER");
    expect(fieldOf(request, "Referred-By")).toBe('"Alice" <sip:alice@192.0.2.1>');
    referral?.notify(180, net.now);
    net.run(1_000);
    referral?.notify(486, net.now);
    net.run(1_000);
    expect(near.log.slice(-3)).toEqual(["transfer 100", "transfer 180", "transfer 486"]);
    expect(call.refer("sip:dave@192.0.2.3", undefined, net.now)).toBe(true);
  });

  it("names a call of the peer's to be replaced, as that one knows it", () => {
    const { net, far, call } = createTalk();
    const replaces = { callId: "x(1)@host", toTag: "a", fromTag: "b", isEarlyOnly: false };
    call.refer("sip:carol@192.0.2.3", replaces, net.now);
    net.run(1_000);
    expect(far.referrals[0]?.replaces).toEqual(replaces);
  });

  /** A scripted peer that was called by a stack, which then transfers it. */
  function createReferred() {
    const net = createSipNet();
    const end = createTestEnd(STACK);
    const { stack } = net.addStack(STACK);
    const peer = net.addPeer(PEER);
    const from = { uri: `sip:room@${STACK}` };
    const call = stack.call({ target: `sip:peer@${PEER}`, from, media: end.media, events: end.events }, net.now);
    const lines = [`Contact: <sip:peer@${PEER}>`];
    peer.send(STACK, rawResponse(peer.next("INVITE"), "200 OK", { tag: "x", lines, sdp: rawSdp() }));
    peer.next("ACK");
    call.refer("sip:carol@192.0.2.3", undefined, net.now);
    const refer = peer.next("REFER");
    let cseq = 0;
    const notify = (event: string, state: string): void => {
      const dialog = { from: fieldOf(refer, "To"), to: fieldOf(refer, "From"), callId: fieldOf(refer, "Call-ID") };
      const lines = [`Event: ${event}`, `Subscription-State: ${state}`];
      peer.send(STACK, rawRequest("NOTIFY", { ...dialog, cseq: ++cseq, lines }));
    };
    return { net, end, peer, refer, notify };
  }

  it("fails where it is refused", () => {
    const { net, end, peer, refer } = createReferred();
    peer.send(STACK, rawResponse(refer, "603 Decline"));
    net.run(100);
    expect(end.log.at(-1)).toBe("transfer 603");
  });

  it("fails where the peer falls silent, or says no more without having said how it went", () => {
    const silent = createReferred();
    silent.peer.send(STACK, rawResponse(silent.refer, "202 Accepted"));
    silent.net.run(200_000);
    expect(silent.end.log.at(-1)).toBe("transfer 408");
    const { net, end, peer, refer, notify } = createReferred();
    peer.send(STACK, rawResponse(refer, "202 Accepted"));
    notify("presence", "active");
    peer.next("SIP/2.0 489");
    notify("refer;id=4711", "active");
    peer.next("SIP/2.0 481");
    notify("refer", "terminated;reason=giveup");
    peer.next("SIP/2.0 200");
    net.run(100);
    expect(end.log.at(-1)).toBe("transfer 503");
    notify("refer", "active");
    peer.next("SIP/2.0 481");
  });
});
