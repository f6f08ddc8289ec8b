import { describe, expect, it } from "vitest";
import { FUZZ_TIMEOUT, fuzz, must } from "../testing/fuzz.ts";
import { createHandshakeBudget } from "./handshake-budget.ts";
import { createHelloGate } from "./hello-gate.ts";
import { createDtlsServer, type DtlsServer } from "./server.ts";
import { createLink } from "./testing/link.ts";
import { clientCertificate, serverCertificate } from "./testing/pair.ts";
import { createTestClient } from "./testing/test-client.ts";

const ADDRESS = "192.0.2.9";
const PORT = 5000;

/** The datagrams that a client sends for its first hello, and for the one with a cookie. */
function hellos(gate = createHelloGate(new Uint8Array(32)), now = 0) {
  const sent: Uint8Array[] = [];
  const client = createTestClient({ certificate: clientCertificate, send: datagram => sent.push(datagram) });
  client.start(now);
  const answer = gate.check(sent[0]!, ADDRESS, PORT, now);
  if (answer instanceof Uint8Array) client.handle(answer.slice(), now);
  return { gate, first: sent[0]!, answer, second: sent[1]! };
}

describe("a ClientHello from an unknown address", () => {
  it("is sent back for a cookie with fewer bytes than it has, and let through with it", () => {
    const { gate, first, answer, second } = hellos();
    expect(answer).toBeInstanceOf(Uint8Array);
    expect((answer as Uint8Array).length).toBeLessThan(first.length / 2);
    expect(gate.check(second, ADDRESS, PORT, 10)).toEqual({ message: 1, record: 1 });
  });

  it("gets nowhere with a cookie of another address, port, process or time, or with another hello", () => {
    const { gate, second } = hellos();
    const isProven = (...of: [Uint8Array, string, number, number]): boolean =>
      !(gate.check(...of) instanceof Uint8Array);
    expect(isProven(second, ADDRESS, PORT, 29_000)).toBe(true);
    expect(isProven(second, ADDRESS, PORT, 59_000)).toBe(true);
    expect(isProven(second, ADDRESS, PORT, 60_000)).toBe(false);
    expect(isProven(second, ADDRESS, PORT + 1, 0)).toBe(false);
    expect(isProven(second, "192.0.2.8", PORT, 0)).toBe(false);
    const other = createHelloGate(new Uint8Array(32).fill(1)).check(second, ADDRESS, PORT, 0);
    expect(other).toBeInstanceOf(Uint8Array);
    const changed = second.slice();
    changed[30]! ^= 1;
    expect(isProven(changed, ADDRESS, PORT, 0)).toBe(false);
  });

  it("is dropped in pieces, in another epoch, and as anything else", () => {
    const { gate, first } = hellos();
    const change = (at: number, value: number): Uint8Array => {
      const copy = first.slice();
      copy[at] = value;
      return copy;
    };
    for (const bytes of [
      change(4, 1),
      change(0, 23),
      change(13, 2),
      change(18, 9),
      change(21, 5),
      first.subarray(0, 60),
    ])
      expect(gate.check(bytes, ADDRESS, PORT, 0)).toBe("drop");
    expect(gate.check(new Uint8Array(0), ADDRESS, PORT, 0)).toBe("drop");
  });

  it("whatever it is, is never answered with more bytes, nor let through", { timeout: FUZZ_TIMEOUT }, () => {
    const { gate, first, second } = hellos();
    const untouched = Buffer.from(second);
    fuzz([first, second], bytes => {
      const verdict = gate.check(bytes, ADDRESS, PORT, 0);
      if (verdict === "drop") return;
      if (verdict instanceof Uint8Array) must(verdict.length < bytes.length, "an answer longer than the hello");
      // What isn't covered by the cookie: record header, message and record numbers, and what follows the hello.
      else must(bytes.subarray(25, untouched.length).equals(untouched.subarray(25)), "a changed hello was let through");
    });
  });
});

it("a client without a certificate connects after a cookie, through loss, and data passes both ways", () => {
  for (const loss of [0, 0.2]) {
    const gate = createHelloGate(new Uint8Array(32));
    const link = createLink({ loss });
    const heard: string[] = [];
    const received: string[] = [];
    let server: DtlsServer | undefined;
    const entrance = {
      handle(datagram: Uint8Array, now: number) {
        if (server) return server.handle(datagram, now);
        const verdict = gate.check(datagram, ADDRESS, PORT, now);
        if (verdict === "drop") return;
        if (verdict instanceof Uint8Array) return link.send(1, verdict.slice());
        server = createDtlsServer({
          certificate: serverCertificate,
          remoteFingerprint: undefined,
          numbers: verdict,
          srtpProfiles: [],
          budget: createHandshakeBudget(),
          maxPayload: 16_000,
          send: bytes => link.send(1, bytes),
          listener: {
            onConnected: srtp => heard.push(`connected ${srtp === undefined}`),
            onData: data => heard.push(Buffer.from(data).toString()),
            onFailed: failure => heard.push(failure),
            onClosed: alert => heard.push(`closed ${alert}`),
          },
        });
        server.handle(datagram, now);
      },
      nextTimeout: () => server?.nextTimeout() ?? Number.POSITIVE_INFINITY,
      tick: (now: number) => server?.tick(now),
    };
    const client = createTestClient({
      certificate: clientCertificate,
      anonymous: true,
      send: datagram => link.send(0, datagram),
      onData: data => received.push(Buffer.from(data).toString()),
    });
    client.start(0);
    link.run([client, entrance], () => client.connected && server?.state === "connected", 20_000);
    expect(heard).toEqual(["connected true"]);
    if (loss > 0) continue;
    expect(server!.send(new Uint8Array(16_001))).toBe(false);
    expect(server!.send(Buffer.alloc(9_000, "x"))).toBe(true);
    link.send(0, client.seal(23, Buffer.from("hello")));
    link.run([client, entrance], () => received.length > 0 && heard.length > 1, link.now + 1_000);
    expect(received[0]?.length).toBe(9_000);
    expect(heard).toEqual(["connected true", "hello"]);
  }
});
