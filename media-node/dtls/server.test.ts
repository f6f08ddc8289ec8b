import { describe, expect, it } from "vitest";
import { Alert, ContentType } from "./constants.ts";
import { encodeMessage } from "./handshake-message.ts";
import { createPair, hexOf } from "./testing/pair.ts";

const ZEROS = /^0+$/;

describe("a handshake", () => {
  it.each(["x25519", "P-256"] as const)(
    "over %s takes two round trips and gives both sides the same SRTP keys",
    group => {
      const pair = createPair({ client: { group } }).connect();
      expect(pair.link.now).toBe(80);
      expect(pair.heard).toEqual([{ connected: hexOf({ ...pair.client.srtp }) }]);
      expect(pair.server.counters).toEqual(expect.objectContaining({ malformed: 0, unexpected: 0, unauthentic: 0 }));
    },
  );

  it("prefers AES-GCM and falls back to AES-CM", () => {
    const both = createPair({ client: { srtpProfiles: ["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"] } }).connect();
    expect(both.client.srtp?.profile).toBe("AEAD_AES_128_GCM");
    const one = createPair({ client: { srtpProfiles: ["AES_CM_128_HMAC_SHA1_80"] } }).connect();
    expect(one.client.srtp?.profile).toBe("AES_CM_128_HMAC_SHA1_80");
  });

  it("without a common SRTP profile connects for data only", () => {
    const pair = createPair({ server: { srtpProfiles: [] } }).connect();
    expect(pair.heard).toEqual([{ connected: undefined }]);
    expect(pair.client.srtp).toBeUndefined();
  });

  it("zeroes the SRTP keys once the listener has had them", () => {
    let kept: object | undefined;
    createPair({
      server: {
        listener: {
          onConnected: srtp => {
            expect(hexOf({ ...srtp }).localKey).not.toMatch(ZEROS);
            kept = srtp;
          },
          onData: () => {},
          onFailed: () => {},
          onClosed: () => {},
        },
      },
    }).connect();
    const { profile: _, ...secrets } = hexOf({ ...kept });
    for (const secret of Object.values(secrets)) expect(secret).toMatch(ZEROS);
  });

  it("takes a hello as long as one with post-quantum key shares, in several datagrams", () => {
    const pair = createPair({ client: { helloPadding: 3_000 } }).connect();
    expect(pair.client.connected).toBe(true);
  });

  it("fragments its own flight to a small MTU, never sending a longer datagram", () => {
    const pair = createPair({ server: { mtu: 150 }, client: { mtu: 150 } }).connect();
    expect(pair.client.connected).toBe(true);
    expect(pair.link.sent[1].length).toBeGreaterThan(4);
    for (const datagram of pair.link.sent[1]) expect(datagram.length).toBeLessThanOrEqual(150);
  });

  it("that doesn't finish within ten seconds of its first datagram has failed", () => {
    const pair = createPair();
    expect(pair.server.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    pair.client.start(0);
    pair.server.handle(pair.link.sent[0][0]!, 5_000);
    let now = 0;
    while (pair.heard.length === 0) {
      now = pair.server.nextTimeout();
      pair.server.tick(now);
    }
    expect(now).toBe(15_000);
    expect(pair.heard).toEqual([{ failed: "timeout", alert: undefined }]);
    expect(pair.server.nextTimeout()).toBe(Number.POSITIVE_INFINITY);
    // 200, 400, 800 ms, then every second.
    expect(pair.server.counters.retransmitted).toBe(11);
  });
});

describe("a connected endpoint", () => {
  it("carries data both ways, up to its MTU", () => {
    const pair = createPair().connect();
    expect(pair.server.send(Buffer.from("down"))).toBe(true);
    expect(pair.server.send(new Uint8Array(pair.server.maxPayload))).toBe(true);
    expect(pair.server.send(new Uint8Array(pair.server.maxPayload + 1))).toBe(false);
    expect(pair.link.sent[1].at(-1)?.length).toBe(1_200);
    pair.link.send(0, pair.client.seal(ContentType.applicationData, Buffer.from("up")));
    pair.settle();
    expect(pair.received[0]).toBe("down");
    expect(pair.heard.slice(1)).toEqual([{ data: "up" }]);
  });

  it("sends nothing before it is connected or after it is closed", () => {
    const pair = createPair();
    expect(pair.server.send(Buffer.from("early"))).toBe(false);
    pair.connect().server.close();
    const count = pair.link.sent[1].length;
    pair.server.close();
    expect(pair.server.send(Buffer.from("late"))).toBe(false);
    pair.server.handle(pair.client.seal(ContentType.applicationData, Buffer.from("up")), 100);
    expect(pair.link.sent[1].length).toBe(count);
    pair.settle();
    expect(pair.client.alerts).toEqual([[1, Alert.closeNotify]]);
    expect(pair.heard.length).toBe(1);
  });

  it("answers close_notify and reports it", () => {
    const pair = createPair().connect();
    pair.link.send(0, pair.client.seal(ContentType.alert, Uint8Array.of(1, Alert.closeNotify)));
    pair.settle();
    expect(pair.heard.at(-1)).toEqual({ closed: 0 });
    expect(pair.client.alerts).toEqual([[1, Alert.closeNotify]]);
    expect(pair.server.state).toBe("closed");
  });

  it("closes on an authenticated fatal alert, not on a warning", () => {
    const pair = createPair().connect();
    pair.server.handle(pair.client.seal(ContentType.alert, Uint8Array.of(1, 90)), 100);
    expect(pair.server.state).toBe("connected");
    pair.server.handle(pair.client.seal(ContentType.alert, Uint8Array.of(2, 80)), 100);
    expect(pair.heard.at(-1)).toEqual({ closed: 80 });
  });

  it("refuses to renegotiate and carries on", () => {
    const pair = createPair().connect();
    const again = encodeMessage({ type: 1, sequence: 5, body: new Uint8Array(50) });
    for (let times = 0; times < 3; times++) {
      pair.server.handle(pair.client.seal(ContentType.handshake, again), pair.link.now + 30);
    }
    pair.settle();
    expect(pair.client.alerts).toEqual([[1, Alert.noRenegotiation]]);
    expect(pair.server.counters.unexpected).toBe(3);
    expect(pair.server.send(Buffer.from("still here"))).toBe(true);
  });
});
