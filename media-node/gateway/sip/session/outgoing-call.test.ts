import { describe, expect, it } from "vitest";
import { bodyOf, fieldOf, linesOf, rawRequest, rawResponse, rawSdp } from "../testing/raw.ts";
import { createSipNet, type SipNetOptions } from "../testing/sip-net.ts";
import { createTestEnd } from "../testing/test-call.ts";
import type { CallOptions, IncomingCall } from "./call.ts";

const STACK = "192.0.2.2";
const PEER = "192.0.2.9";
const CONTACT = `Contact: <sip:peer@${PEER}>`;

/** A stack, and a scripted peer that it calls. */
function create(options: SipNetOptions = {}) {
  const net = createSipNet(options);
  const end = createTestEnd(STACK);
  const stack = net.addStack(STACK);
  const peer = net.addPeer(PEER);
  const dial = (more: Partial<CallOptions> = {}) =>
    stack.stack.call(
      {
        target: `sip:peer@${PEER}`,
        from: { uri: `sip:room@${STACK}` },
        media: end.media,
        events: end.events,
        ...more,
      },
      net.now,
    );
  return { net, end, stack, peer, dial };
}

/** Answers a request of the stack's with 200. */
const agree = (request: string): string => rawResponse(request, "200 OK", { lines: [CONTACT] });

describe("a call that forks", () => {
  it("rings at several callees, hears each one's early media, and takes the first that answers", () => {
    const { net, end, peer, dial } = create();
    dial();
    const invite = peer.next("INVITE");
    peer.send(STACK, rawResponse(invite, "180 Ringing", { tag: "a", lines: [CONTACT] }));
    const early = (tag: string, address: string): string =>
      rawResponse(invite, "183 Session Progress", { tag, lines: [CONTACT], sdp: rawSdp("sendrecv", address) });
    peer.send(STACK, early("b", "192.0.2.21"));
    peer.send(STACK, early("c", "192.0.2.22"));
    net.run(100);
    expect(end.log).toEqual(["180", "183", "183"]);
    expect(end.agreements.map(({ address }) => address)).toEqual(["192.0.2.21", "192.0.2.22"]);
    const answer = (tag: string): string =>
      rawResponse(invite, "200 OK", { tag, lines: [CONTACT], sdp: rawSdp("sendrecv", "192.0.2.21") });
    peer.send(STACK, answer("b"));
    expect(fieldOf(peer.next("ACK"), "To")).toContain("tag=b");
    expect(end.agreements.at(-1)?.address).toBe("192.0.2.21");
    expect(end.log.at(-1)).toBe("established");
    expect(linesOf(invite, "Supported")).toEqual(["Supported: timer, 100rel, replaces, norefersub"]);
  });

  it("takes the early answer of whom it was answered by, where that one says nothing more", () => {
    const { net, end, peer, dial } = create();
    dial();
    const invite = peer.next("INVITE");
    for (const [tag, address] of [
      ["b", "192.0.2.21"],
      ["c", "192.0.2.22"],
    ] as const) {
      const sdp = rawSdp("sendrecv", address);
      peer.send(STACK, rawResponse(invite, "183 Session Progress", { tag, lines: [CONTACT], sdp }));
    }
    peer.send(STACK, rawResponse(invite, "200 OK", { tag: "b", lines: [CONTACT] }));
    net.run(100);
    expect(end.agreements.map(({ address }) => address)).toEqual(["192.0.2.21", "192.0.2.22", "192.0.2.21"]);
    expect(end.log.at(-1)).toBe("established");
  });

  it("acknowledges a second answer and hangs up on it; what is repeated is acknowledged again", () => {
    const { net, end, peer, dial } = create();
    dial();
    const invite = peer.next("INVITE");
    const answer = (tag: string): string => rawResponse(invite, "200 OK", { tag, lines: [CONTACT], sdp: rawSdp() });
    peer.send(STACK, answer("a"));
    peer.next("ACK");
    peer.send(STACK, answer("b"));
    expect(fieldOf(peer.next("ACK"), "To")).toContain("tag=b");
    expect(fieldOf(peer.next("BYE"), "To")).toContain("tag=b");
    peer.send(STACK, answer("b"));
    peer.send(STACK, answer("a"));
    expect(fieldOf(peer.next("ACK"), "To")).toContain("tag=b");
    expect(fieldOf(peer.next("ACK"), "To")).toContain("tag=a");
    net.run(100);
    expect(end.log).toEqual(["established"]);
  });
});

describe("a call's answers", () => {
  it("of 3xx are told with where they point to, the best first", () => {
    const { net, end, peer, dial } = create();
    dial();
    const lines = ["Contact: <sip:b@192.0.2.8>;q=0.3, <sip:c@192.0.2.7>", "Contact: <sip:a@192.0.2.6>;q=0.9"];
    peer.send(STACK, rawResponse(peer.next("INVITE"), "302 Moved Temporarily", { tag: "x", lines }));
    net.run(100);
    expect(end.end).toMatchObject({
      by: "remote",
      status: 302,
      contacts: ["sip:c@192.0.2.7", "sip:a@192.0.2.6", "sip:b@192.0.2.8"],
    });
  });

  it("of 422 raise the session interval, once for each time that they raise it", () => {
    const { net, end, peer, dial } = create();
    dial();
    const small = (invite: string, seconds: number): string =>
      rawResponse(invite, "422 Session Interval Too Small", { tag: "x", lines: [`Min-SE: ${seconds}`] });
    peer.send(STACK, small(peer.next("INVITE"), 3600));
    const second = peer.next("INVITE");
    expect(fieldOf(second, "Session-Expires")).toBe("3600");
    expect(fieldOf(second, "Min-SE")).toBe("3600");
    expect(fieldOf(second, "CSeq")).toBe("2 INVITE");
    peer.send(STACK, small(second, 3600));
    net.run(100);
    expect(end.end).toMatchObject({ status: 422 });
  });

  it("of 401 are answered with the password, in the ACK and in what follows too", () => {
    const { peer, dial, net } = create();
    const call = dial({ credentials: { username: "alice", password: "wonderland" } });
    const challenges = [
      'WWW-Authenticate: Digest realm="r", nonce="1", algorithm=SHA-512-256, qop="auth"',
      'WWW-Authenticate: Digest realm="r", nonce="1", algorithm=SHA-256, qop="auth,auth-int"',
      'WWW-Authenticate: Digest realm="r", nonce="1", algorithm=MD5, qop="auth"',
    ];
    peer.send(STACK, rawResponse(peer.next("INVITE"), "401 Unauthorized", { tag: "x", lines: challenges }));
    const invite = peer.next("INVITE");
    expect(linesOf(invite, "Authorization")).toHaveLength(1);
    expect(fieldOf(invite, "Authorization")).toContain("algorithm=SHA-256");
    peer.send(STACK, rawResponse(invite, "200 OK", { tag: "y", lines: [CONTACT], sdp: rawSdp() }));
    expect(fieldOf(peer.next("ACK"), "Authorization")).toBe(fieldOf(invite, "Authorization"));
    call.hangUp(net.now);
    const bye = peer.next("BYE");
    expect(fieldOf(bye, "Authorization")).toContain("nc=00000002");
    expect(fieldOf(bye, "CSeq")).toBe("3 BYE");
  });

  it("of 401 again, to a password that was wrong, end it; a stale nonce doesn't", () => {
    const { net, end, peer, dial } = create();
    dial({ credentials: { username: "alice", password: "guess" } });
    const challenge = (nonce: string, more = ""): string =>
      `WWW-Authenticate: Digest realm="r", nonce="${nonce}", qop="auth"${more}`;
    const challenged = (invite: string, line: string): string =>
      rawResponse(invite, "401 Unauthorized", { tag: "x", lines: [line] });
    peer.send(STACK, challenged(peer.next("INVITE"), challenge("1")));
    peer.send(STACK, challenged(peer.next("INVITE"), challenge("2", ", stale=true")));
    const third = peer.next("INVITE");
    expect(fieldOf(third, "Authorization")).toContain('nonce="2"');
    peer.send(STACK, challenged(third, challenge("3")));
    net.run(100);
    expect(end.log).toEqual(["ended remote 401"]);
  });

  it("without a description that can be used end it with a BYE", () => {
    const { net, end, peer, dial } = create();
    dial();
    peer.send(STACK, rawResponse(peer.next("INVITE"), "200 OK", { tag: "x", lines: [CONTACT] }));
    peer.next("ACK");
    peer.next("BYE");
    net.run(100);
    expect(end.end).toMatchObject({ by: "failure", status: 488 });
  });

  it("may bring the offer: the ACK brings the answer", () => {
    const { end, peer, dial } = create();
    dial({ isOfferDelayed: true });
    const invite = peer.next("INVITE");
    expect(bodyOf(invite)).toBe("");
    peer.send(STACK, rawResponse(invite, "200 OK", { tag: "x", lines: [CONTACT], sdp: rawSdp("sendonly") }));
    expect(bodyOf(peer.next("ACK"))).toContain("a=recvonly");
    expect(end.agreements.at(-1)).toMatchObject({ address: PEER, port: 5000, direction: "recvonly" });
  });
});

describe("a call that was given up", () => {
  it("is forgotten after 64 × T1 where the callee never says so (RFC 3261 §9.1)", () => {
    const { net, peer, stack, dial } = create();
    const call = dial();
    peer.send(STACK, rawResponse(peer.next("INVITE"), "180 Ringing", { tag: "a", lines: [CONTACT] }));
    net.run(100);
    call.hangUp(net.now);
    peer.send(STACK, rawResponse(peer.next("CANCEL"), "200 OK"));
    net.run(33_000);
    expect(stack.stack.nextTimeout).toBe(Number.POSITIVE_INFINITY);
  });
});

describe("a call's way", () => {
  it("goes through the proxies that asked to stay, in their order; a strict one gets its own URI", () => {
    const { net, peer, dial } = create();
    const call = dial({ route: [`sip:first@${PEER};lr`] });
    const invite = peer.next("INVITE");
    expect(fieldOf(invite, "Route")).toBe(`<sip:first@${PEER};lr>`);
    const lines = ["Record-Route: <sip:p2@192.0.2.9;lr>, <sip:p1@192.0.2.9;lr>", "Contact: <sip:callee@192.0.2.77>"];
    peer.send(STACK, rawResponse(invite, "200 OK", { tag: "x", lines, sdp: rawSdp() }));
    const ack = peer.next("ACK");
    expect(ack.split("\r\n", 1)[0]).toBe("ACK sip:callee@192.0.2.77 SIP/2.0");
    expect(linesOf(ack, "Route")).toEqual(["Route: <sip:p1@192.0.2.9;lr>", "Route: <sip:p2@192.0.2.9;lr>"]);
    call.hangUp(net.now);
    peer.send(STACK, agree(peer.next("BYE")));

    const strict = create();
    strict.dial();
    const old = ["Record-Route: <sip:p1@192.0.2.9>", "Contact: <sip:callee@192.0.2.77>"];
    strict.peer.send(STACK, rawResponse(strict.peer.next("INVITE"), "200 OK", { tag: "x", lines: old, sdp: rawSdp() }));
    const strictAck = strict.peer.next("ACK");
    expect(strictAck.split("\r\n", 1)[0]).toBe("ACK sip:p1@192.0.2.9 SIP/2.0");
    expect(linesOf(strictAck, "Route")).toEqual(["Route: <sip:callee@192.0.2.77>"]);
  });

  it("fails at once where a connection can't be made or breaks", () => {
    const { net, end, dial } = create({ transport: "tcp" });
    dial();
    net.run(1);
    net.cut(STACK, PEER);
    net.run(1);
    expect(end.end).toMatchObject({ by: "failure", status: 503 });
    const lost = create({ transport: "tcp" });
    lost.dial({ target: "sip:nobody@192.0.2.99" });
    lost.net.run(1);
    expect(lost.end.end).toMatchObject({ by: "failure", status: 503 });
  });

  it.each([
    ["through the NAT that a caller came through (RFC 3581)", "10.0.0.5:5062", PEER],
    ["to where a caller's name leads", "phone.example.com", "phone.example.com"],
  ])("leads back %s", (_, host, follower) => {
    const net = createSipNet();
    const end = createTestEnd(STACK);
    let incoming: IncomingCall | undefined;
    net.addStack(STACK, {
      called(call, now) {
        incoming = call;
        call.accept(end.media, now);
        return end.events;
      },
    });
    const peer = net.addPeer(PEER);
    const other = follower === PEER ? peer : net.addPeer(follower);
    const own = { via: `SIP/2.0/UDP ${host};rport`, contact: `<sip:peer@${host}>` };
    peer.send(STACK, rawRequest("INVITE", { ...own, sdp: rawSdp() }));
    const answer = peer.next("SIP/2.0 200");
    expect(fieldOf(answer, "Via")).toContain(`rport=5060`);
    expect(fieldOf(answer, "Via")).toContain(`received=${PEER}`);
    peer.send(STACK, rawRequest("ACK", { ...own, to: fieldOf(answer, "To") }));
    net.run(100);
    incoming?.hangUp(net.now);
    expect(other.next("BYE").split("\r\n", 1)[0]).toBe(`BYE sip:peer@${host} SIP/2.0`);
  });
});
