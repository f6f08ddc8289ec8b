import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect as connectTls, createSecureContext } from "node:tls";
import { afterEach, describe, expect, it } from "vitest";
import type { IncomingCall } from "../session/call.ts";
import { fieldOf, rawRequest, rawSdp } from "../testing/raw.ts";
import { createTestEnd, type TestEnd } from "../testing/test-call.ts";
import { openSipEndpoint, type SipEndpoint, type SipEndpointOptions } from "./endpoint.ts";

const KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "-", "-out", "-"];
/** Key and certificate of 127.0.0.1, in one text. */
const PEM = execFileSync(
  "openssl",
  ["req", "-x509", "-days", "2", "-subj", "/CN=sip", "-addext", "subjectAltName=IP:127.0.0.1", ...KEY],
  { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
);

/** Machines may be slow. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000 });

const open: SipEndpoint[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(endpoint => endpoint.close()));
});

interface Running {
  readonly endpoint: SipEndpoint;
  readonly end: TestEnd;
  readonly calls: IncomingCall[];
}

/** An endpoint on loopback that takes every call. */
async function start(options: Partial<SipEndpointOptions> = {}): Promise<Running> {
  const end = createTestEnd("127.0.0.1");
  const calls: IncomingCall[] = [];
  const endpoint = await openSipEndpoint({
    address: "127.0.0.1",
    tlsPort: 0,
    secureContext: () => createSecureContext({ cert: PEM, key: PEM }),
    authorities: PEM,
    ...options,
    handler: {
      admit: () => ({ kind: "accept" }),
      called(call, now) {
        calls.push(call);
        call.accept(end.media, now);
        return end.events;
      },
    },
  });
  open.push(endpoint);
  return { endpoint, end, calls };
}

function dial(from: Running, target: string) {
  const { endpoint, end } = from;
  const { media, events } = end;
  return endpoint.stack.call({ target, from: { uri: "sip:a@127.0.0.1" }, media, events }, endpoint.now());
}

describe("an endpoint with sockets", { timeout: 30_000 }, () => {
  it.each(["udp", "tcp", "tls"] as const)("calls another one over %s, and is called by it", async transport => {
    const a = await start();
    const b = await start();
    const [port, ownPort] = [b, a].map(({ endpoint }) => (transport === "tls" ? endpoint.tlsPort : endpoint.port));
    const call = dial(a, `sip:b@127.0.0.1:${port};transport=${transport}`);
    await soon(() => b.end.log).toEqual(["established"]);
    expect(a.end.log).toEqual(["established"]);
    expect(b.calls[0]?.flow.transport).toBe(transport);
    const [contact = ""] = b.calls[0]?.invite.headers.get("contact") ?? [];
    expect(contact).toBe(`<sip:tandem@127.0.0.1:${ownPort}${transport === "udp" ? "" : `;transport=${transport}`}>`);
    call.info("application/dtmf-relay", Buffer.from("Signal=1"), a.endpoint.now());
    await soon(() => b.end.log.at(-1)).toBe("info application/dtmf-relay Signal=1");
    b.calls[0]?.hangUp(b.endpoint.now());
    await soon(() => a.end.log.at(-1)).toBe("ended remote 0");
  });

  it("trusts no certificate that nobody vouches for, and tells at once that nobody listens", async () => {
    const a = await start({ authorities: "" });
    const b = await start();
    dial(a, `sips:b@127.0.0.1:${b.endpoint.tlsPort}`);
    await soon(() => a.end.log).toEqual(["ended failure 503"]);
    const trusting = await start();
    dial(trusting, `sips:b@127.0.0.1:${b.endpoint.tlsPort}`);
    await soon(() => trusting.end.log).toEqual(["established"]);
    expect(b.calls[0]?.invite.headers.get("contact")).toEqual([`<sips:tandem@127.0.0.1:${trusting.endpoint.tlsPort}>`]);
    const { port } = b.endpoint;
    await b.endpoint.close();
    const c = await start();
    dial(c, `sip:b@127.0.0.1:${port};transport=tcp`);
    await soon(() => c.end.log).toEqual(["ended failure 503"]);
  });

  it("takes calls by WebSocket, and reaches the caller by the same one only", async () => {
    const { endpoint, calls, end } = await start();
    const socket = new WebSocket(`ws://127.0.0.1:${endpoint.port}/`, "sip");
    const inbox: string[] = [];
    socket.addEventListener("message", ({ data }) => inbox.push(String(data)));
    await once(socket, "open");
    const client = { via: "SIP/2.0/WS x.invalid", contact: "<sip:a@x.invalid;transport=ws>" };
    const find = (start: string): string | undefined => inbox.find(text => text.startsWith(start));
    socket.send(rawRequest("INVITE", { ...client, sdp: rawSdp("sendrecv", "127.0.0.1") }));
    await soon(() => find("SIP/2.0 200")).toBeDefined();
    const answer = find("SIP/2.0 200") ?? "";
    expect(fieldOf(answer, "Contact")).toContain(";transport=ws");
    socket.send(rawRequest("ACK", { ...client, to: fieldOf(answer, "To") }));
    await soon(() => end.log).toEqual(["established"]);
    calls[0]?.hangUp(endpoint.now());
    await soon(() => find("BYE sip:a@x.invalid;transport=ws")).toBeDefined();
    socket.close();
  });

  it("takes secure WebSockets on its TLS port", async () => {
    const { endpoint } = await start();
    const socket = connectTls({ host: "127.0.0.1", port: endpoint.tlsPort, ca: PEM });
    await once(socket, "secureConnect");
    const lines = [
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      "Sec-WebSocket-Protocol: sip",
    ];
    socket.write(`GET / HTTP/1.1\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${lines.join("\r\n")}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    expect(answer.toString()).toContain("101 Switching Protocols");
    socket.destroy();
  });

  it("closes with a BYE to everybody", async () => {
    const a = await start();
    const b = await start();
    dial(a, `sip:b@127.0.0.1:${b.endpoint.port}`);
    await soon(() => b.end.log).toEqual(["established"]);
    await Promise.all([a.endpoint.close(), a.endpoint.close()]);
    await soon(() => b.end.log.at(-1)).toBe("ended remote 0");
  });

  it("leaves no port behind where it can't have all", async () => {
    const a = await start();
    await expect(start({ port: a.endpoint.port })).rejects.toThrow("EADDRINUSE");
  });
});
