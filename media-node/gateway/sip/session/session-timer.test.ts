import { describe, expect, it } from "vitest";
import { headerKey, type SipHeaders } from "../message/headers.ts";
import { createTalk, sentBy } from "../testing/call-pair.ts";
import { bodyOf, fieldOf, rawResponse, rawSdp } from "../testing/raw.ts";
import { createSipNet } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";
import { acceptedSessionTimer, answerSessionTimer, readMinInterval, refuseInterval } from "./session-timer.ts";

const MINUTE = 60_000;
const STACK = "192.0.2.2";
const PEER = "192.0.2.9";

const fields = (...lines: string[]): SipHeaders =>
  new Map(lines.map(line => [headerKey(line.split(":", 1)[0]!), [line.slice(line.indexOf(":") + 1).trim()]]));

describe("the session timer's terms (RFC 4028)", () => {
  it("are the peer's, unless it asks for nothing or too much", () => {
    const timer = "Supported: timer";
    const answer = (...lines: string[]) => answerSessionTimer(fields(...lines), 1800);
    expect(answer(timer, "Session-Expires: 600;refresher=uac")).toEqual({
      terms: { interval: 600, isRefresherLocal: false },
      headers: { "session-expires": "600;refresher=uac", require: "timer" },
    });
    expect(answer(timer, "x: 7200").headers).toEqual({ "session-expires": "1800;refresher=uas" });
    expect(answer(timer, "Session-Expires: 1800", "Min-SE: 3600").terms.interval).toBe(3600);
    expect(answer().terms).toEqual({ interval: 1800, isRefresherLocal: true });
    expect(answer(timer, "Session-Expires: soon").terms.interval).toBe(1800);
  });

  it("are refused where they are too short, if the peer understands why", () => {
    expect(refuseInterval(fields("Supported: timer", "Session-Expires: 60"))).toMatchObject({ status: 422 });
    expect(refuseInterval(fields("Session-Expires: 60"))).toBeUndefined();
    expect(answerSessionTimer(fields("Session-Expires: 60"), 1800).terms.interval).toBe(90);
  });

  it("in an answer name the refresher as the one who asked sees it", () => {
    expect(acceptedSessionTimer(fields("Session-Expires: 1800;refresher=uac"))?.isRefresherLocal).toBe(true);
    expect(acceptedSessionTimer(fields("Session-Expires: 1800 ; refresher=uas"))?.isRefresherLocal).toBe(false);
    expect(acceptedSessionTimer(fields())).toBeUndefined();
    expect(acceptedSessionTimer(fields("Session-Expires: 1"))?.interval).toBe(90);
    expect(readMinInterval(fields("Min-SE: 99999999999"))).toBe(90);
  });
});

describe("a long call", () => {
  it.each(["udp", "tcp"] as const)("is refreshed every 15 minutes for as long as it lasts (%s)", transport => {
    const { net, near, far, alice, bob } = createTalk({ transport, seed: 7 });
    net.run(180 * MINUTE);
    expect([near.end, far.end]).toEqual([undefined, undefined]);
    const updates = [...sentBy(alice, "UPDATE"), ...sentBy(bob, "UPDATE")];
    expect(updates.length).toBeGreaterThanOrEqual(11);
    expect(sentBy(alice, "INVITE")).toHaveLength(1);
  });

  it.each(["uac", "uas"] as const)("is refreshed by the end that was agreed on alone (%s)", refresher => {
    const headers = { "session-expires": `1800;refresher=${refresher}` };
    const { net, near, far, alice, bob } = createTalk({}, { headers });
    net.run(46 * MINUTE);
    expect([sentBy(alice, "UPDATE").length, sentBy(bob, "UPDATE").length]).toEqual(
      refresher === "uac" ? [3, 0] : [0, 3],
    );
    expect([near.end, far.end]).toEqual([undefined, undefined]);
  });

  it.each([1, 2, 3, 4, 5])("survives losses (seed %i)", seed => {
    const { net, near, far } = createTalk({ loss: 0.2, seed });
    net.run(120 * MINUTE);
    expect([near.end, far.end]).toEqual([undefined, undefined]);
  });

  it("ends at both ends within the interval when the network between them is gone", () => {
    let isGone = false;
    const { net, near, far } = createTalk({ loses: () => isGone });
    isGone = true;
    net.run(16 * MINUTE);
    expect([near.end?.by, far.end?.by].filter(Boolean)).toEqual(["failure"]);
    net.run(15 * MINUTE);
    expect([near.end?.by, far.end?.by]).toEqual(["failure", "failure"]);
    expect([near.end?.status, far.end?.status]).toEqual([408, 408]);
  });

  it("is refreshed by INVITE, with the same description, where the peer takes no UPDATE", () => {
    const net = createSipNet();
    const end = createTestEnd(STACK);
    const stack = net.addStack(STACK);
    const peer = net.addPeer(PEER);
    stack.stack.call(
      { target: `sip:peer@${PEER}`, from: { uri: `sip:room@${STACK}` }, media: end.media, events: end.events },
      net.now,
    );
    const invite = peer.next("INVITE");
    const agree = (request: string): string =>
      rawResponse(request, "200 OK", {
        tag: "x",
        lines: [`Contact: <sip:peer@${PEER}>`, "Session-Expires: 600;refresher=uac", "Allow: INVITE, UPDATE"],
        sdp: rawSdp(),
      });
    peer.send(STACK, agree(invite));
    peer.next("ACK");
    const answeredAt = net.now;
    // It said that it does, but it doesn't.
    peer.send(STACK, rawResponse(peer.next("UPDATE"), "405 Method Not Allowed"));
    expect(net.now - answeredAt).toBeGreaterThan(299_000);
    const refresh = peer.next("INVITE");
    expect(bodyOf(refresh)).toBe(bodyOf(invite));
    expect(fieldOf(refresh, "Session-Expires")).toBe("600;refresher=uac");
    peer.send(STACK, agree(refresh));
    peer.next("ACK");
    expect(fieldOf(peer.next("INVITE"), "CSeq")).toBe("4 INVITE");
    expect(end.end).toBeUndefined();
  });
});
