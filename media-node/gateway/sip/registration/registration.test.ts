import { createSecretKey } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createDigestServer } from "../auth/server.ts";
import { parseMessage } from "../message/parse.ts";
import { fieldOf, linesOf, rawResponse } from "../testing/raw.ts";
import { createSipNet, type NetPeer, type SipNetOptions } from "../testing/sip-net.ts";

const NODE = "192.0.2.1";
const REGISTRAR = "192.0.2.9";
const PASSWORD = "sesame";
const SECOND = 1_000;

function setUp(options: SipNetOptions = {}) {
  const net = createSipNet(options);
  const registrar = net.addPeer(REGISTRAR);
  const node = net.addStack(NODE);
  const states: string[] = [];
  const transport = options.transport ?? "udp";
  const registration = node.stack.register(
    {
      registrar: `sip:${REGISTRAR}${transport === "udp" ? "" : `;transport=${transport}`}`,
      address: `sip:acct@${REGISTRAR}`,
      credentials: { username: "acct", password: PASSWORD },
      contactUser: "t0ken",
      instance: "urn:uuid:00000000-0000-4000-8000-000000000001",
      events: { changed: (state, reason) => states.push(`${state} ${reason}`.trim()) },
    },
    net.now,
  );
  const accept = (request: string, ...lines: string[]): void =>
    registrar.send(
      NODE,
      rawResponse(request, "200 OK", {
        tag: "r",
        lines: lines.length > 0 ? lines : [`Contact: ${fieldOf(request, "Contact")};expires=600`],
      }),
    );
  return { net, registrar, node, states, registration, accept, next: () => registrar.next("REGISTER") };
}

/** When the next REGISTER comes (s), from now on. */
function wait({ net, registrar }: { net: { readonly now: number }; registrar: NetPeer }): number {
  const from = net.now;
  registrar.next("REGISTER");
  return (net.now - from) / SECOND;
}

describe("a registration", () => {
  it("names an instance and a Contact of its own, and is refreshed before it ends", () => {
    const { next, accept, states, net, registrar } = setUp();
    const first = next();
    expect(first).toMatch(/^REGISTER sip:192\.0\.2\.9 SIP/);
    expect(fieldOf(first, "To")).toBe(`<sip:acct@${REGISTRAR}>`);
    expect(fieldOf(first, "Contact")).toBe(
      `<sip:t0ken@${NODE}:5060>;+sip.instance="<urn:uuid:00000000-0000-4000-8000-000000000001>";reg-id=1`,
    );
    expect(fieldOf(first, "Supported")).toContain("outbound");
    accept(first);
    net.run(SECOND);
    expect(states).toEqual(["registering", "registered"]);
    const from = net.now;
    const second = next();
    expect((net.now - from) / SECOND).toBeGreaterThan(480);
    expect((net.now - from) / SECOND).toBeLessThan(590);
    expect(fieldOf(second, "Call-ID")).toBe(fieldOf(first, "Call-ID"));
    expect(Number.parseInt(fieldOf(second, "CSeq"), 10)).toBeGreaterThan(Number.parseInt(fieldOf(first, "CSeq"), 10));
    accept(second, `Contact: <sip:else@x>;expires=9`, "Expires: 60");
    expect(wait({ net, registrar })).toBeLessThan(60);
    expect(states).toHaveLength(2);
  });

  it("proves its password, SHA-256 first, without being asked again when it is refreshed", () => {
    const { next, accept, states, net, registrar } = setUp();
    const randomBytes = (length: number): Uint8Array => new Uint8Array(length).fill(7);
    const digest = createDigestServer({
      ...{ realm: "r", key: createSecretKey(randomBytes(32)), randomBytes },
      lifetime: 3_600 * SECOND,
    });
    const isProven = (text: string): boolean => {
      const parsed = parseMessage(Buffer.from(text));
      if (parsed?.kind !== "request") throw new Error("no request");
      return digest.verify(parsed.request, NODE, net.now, () => PASSWORD).ok;
    };
    const first = next();
    const lines = digest.challenge(NODE, net.now, false).map(value => `WWW-Authenticate: ${value}`);
    registrar.send(NODE, rawResponse(first, "401 Unauthorized", { tag: "r", lines }));
    const second = next();
    expect(fieldOf(second, "Authorization")).toContain("algorithm=SHA-256");
    expect(isProven(second)).toBe(true);
    accept(second);
    net.run(SECOND);
    const refresh = next();
    expect(isProven(refresh)).toBe(true);
    // One that has forgotten the nonce and doesn't say so is proved to anew.
    registrar.send(NODE, rawResponse(refresh, "401 Unauthorized", { tag: "r", lines }));
    expect(fieldOf(next(), "Authorization")).toBe("");
    expect(states).toEqual(["registering", "registered"]);
  });

  it("hammers nobody who refuses it, and says why it isn't there", () => {
    const { next, net, registrar, states } = setUp();
    registrar.send(NODE, rawResponse(next(), "403 Forbidden", { tag: "r" }));
    expect(wait({ net, registrar })).toBeGreaterThanOrEqual(300);
    expect(states).toEqual(["registering", "failed 403 Forbidden"]);
  });

  it("takes the interval that the registrar asks for, and comes later when told so", () => {
    const { next, net, registrar } = setUp();
    registrar.send(NODE, rawResponse(next(), "423 Interval Too Brief", { tag: "r", lines: ["Min-Expires: 3600"] }));
    const second = next();
    expect(fieldOf(second, "Expires")).toBe("3600");
    registrar.send(NODE, rawResponse(second, "503 Busy", { tag: "r", lines: ["Retry-After: 120"] }));
    expect(wait({ net, registrar })).toBeGreaterThanOrEqual(120);
  });

  it("tries again ever later while nobody answers, half an hour at most", () => {
    const { net, registrar, states } = setUp();
    let last = net.now;
    const pauses: number[] = [];
    let seen = "";
    while (pauses.length < 12) {
      const cseq = fieldOf(registrar.next("REGISTER"), "CSeq");
      if (cseq === seen) continue;
      seen = cseq;
      pauses.push((net.now - last) / SECOND);
      last = net.now;
    }
    expect(Math.max(...pauses)).toBeLessThanOrEqual(1_800 + 33);
    expect(pauses[1]).toBeGreaterThanOrEqual(15);
    expect(pauses[11]).toBeGreaterThan(pauses[2]!);
    expect(states.slice(0, 2)).toEqual(["registering", "failed 408 the registrar doesn't answer"]);
  });

  it("says where a NAT shows it, once it knows", () => {
    const { next, registrar, net } = setUp();
    const first = next();
    const via = fieldOf(first, "Via").replace(";rport", ";received=198.51.100.7;rport=40001");
    const answer = rawResponse(first, "200 OK", { tag: "r", lines: ["Expires: 600"] });
    registrar.send(NODE, answer.replace(linesOf(answer, "Via")[0]!, `Via: ${via}`));
    net.run(100);
    expect(fieldOf(next(), "Contact")).toContain("<sip:t0ken@198.51.100.7:40001>");
  });

  it("keeps a NAT open, and its connection in view where the registrar answers", () => {
    const udp = setUp();
    udp.accept(udp.next());
    udp.net.run(60 * SECOND);
    expect(udp.node.sent.filter(text => text === "\r\n\r\n")).toHaveLength(2);

    const tcp = setUp({ transport: "tcp" });
    const first = tcp.next();
    tcp.accept(first, "Expires: 600", "Require: outbound", "Flow-Timer: 60");
    tcp.net.run(50 * SECOND);
    expect(tcp.node.sent).toContain("\r\n\r\n");
    tcp.node.stack.pong({ transport: "tcp", address: REGISTRAR, port: 5060, connection: 1 }, tcp.net.now);
    tcp.net.run(40 * SECOND);
    expect(tcp.registrar.inbox.filter(text => text.startsWith("REGISTER"))).toEqual([]);
    // The next one isn't answered.
    expect(wait(tcp)).toBeLessThan(60);
    expect(tcp.states).toEqual(["registering", "registered", "registering"]);
  });

  it("is made anew at once when its connection breaks", () => {
    const { next, accept, net, registrar, states } = setUp({ transport: "tcp" });
    accept(next());
    net.run(SECOND);
    net.cut(NODE, REGISTRAR);
    expect(wait({ net, registrar })).toBeLessThan(1);
    expect(states).toEqual(["registering", "registered", "registering"]);
  });

  it("goes by the proxies that the registrar names, and takes itself back alone", () => {
    const { next, accept, net, registration, states } = setUp();
    accept(next(), "Expires: 600", "Service-Route: <sip:edge.test;lr>, <sip:core.test;lr>");
    net.run(SECOND);
    expect(registration.serviceRoute).toEqual(["sip:edge.test;lr", "sip:core.test;lr"]);
    registration.stop(net.now);
    registration.stop(net.now);
    const last = next();
    expect(fieldOf(last, "Expires")).toBe("0");
    expect(fieldOf(last, "Contact")).toBe(`<sip:t0ken@${NODE}:5060>`);
    accept(last);
    net.run(3_600 * SECOND);
    expect(states).toEqual(["registering", "registered"]);
  });

  it("survives the loss of every third message", () => {
    const { net, registrar, states } = setUp({ loss: 0.33, seed: 5 });
    for (let rounds = 0; rounds < 20; rounds++) {
      const request = registrar.next("REGISTER");
      registrar.send(NODE, rawResponse(request, "200 OK", { tag: "r", lines: ["Expires: 600"] }));
    }
    net.run(SECOND);
    expect(states.slice(0, 2)).toEqual(["registering", "registered"]);
    expect(states).not.toContain("failed");
  });
});
