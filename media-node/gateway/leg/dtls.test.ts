import { describe, expect, it } from "vitest";
import { createCertificate } from "../../dtls/certificate.ts";
import { createTestClient, type TestClient } from "../../dtls/testing/test-client.ts";
import type { RtpSocket } from "../rtp/channel.ts";
import { createLegDtls } from "./dtls.ts";
import type { LegDtls } from "./orders.ts";
import { TEST_KEYS } from "./testing/keys.ts";

const clientCertificate = createCertificate({ unixTime: Date.now() });
const { fingerprint } = clientCertificate;
const PLAIN: LegDtls = { fingerprint, isMuxed: false };
/** Paths of the telephone and of somebody else. */
const PHONE = 1;
const STRANGER = 2;

function setUp() {
  let now = 0;
  const told: string[] = [];
  const sent: [number, Uint8Array][] = [];
  let retained = 0;
  const rtp: RtpSocket = {
    slab: new Uint8Array(0),
    reserve: () => 0,
    commitRun() {},
    flush() {},
    send: (path, bytes, offset, length) =>
      void sent.push([path, Uint8Array.from(bytes.subarray(offset, offset + length))]),
    pathOf: () => -1,
    retain: () => void retained++,
    release: () => void retained--,
    addressOf: path => `192.0.2.${path}`,
    portOf: () => 5_000,
  };
  const end = createLegDtls({
    ...TEST_KEYS,
    rtp,
    onKeys: () => told.push("keys"),
    onFailed: () => told.push("failed"),
  });
  const client = (path: number, isNamed = true, certificate = clientCertificate): TestClient =>
    createTestClient({ certificate, send: datagram => end.handleDtls(datagram, path, isNamed, now) });
  /** Lets both sides talk until nothing is left to be said; each datagram gets lost by that chance's turn. */
  function run(peer: TestClient, path: number, loses: (count: number) => boolean = () => false): void {
    let count = 0;
    for (let turns = 0; turns < 400; turns++) {
      for (const [to, bytes] of sent.splice(0)) if (to === path && !loses(++count)) peer.handle(bytes, now);
      now += 50;
      if (now >= peer.nextTimeout()) peer.tick(now);
      end.tick(now);
    }
  }
  return { end, told, sent, client, run, held: () => retained, time: () => now };
}

describe("a leg's keys by DTLS", () => {
  it("come from who has the certificate that signaling named, and sound goes where it came from", () => {
    const { end, told, client, run, held } = setUp();
    expect(end.agree(PLAIN, 0)).toBe(true);
    expect([end.isOn, end.path]).toEqual([true, -1]);
    const phone = client(PHONE);
    phone.start(0);
    run(phone, PHONE);
    expect([told, phone.connected, end.path]).toEqual([["keys"], true, PHONE]);
    expect(end.accepts(PHONE, true)).toBe(true);
    // Described as before, all goes on.
    expect(end.agree({ ...PLAIN }, 1)).toBe(false);
    end.close();
    end.close();
    expect(held()).toBe(0);
  });

  it("come though every third datagram gets lost", () => {
    const { end, told, client, run } = setUp();
    end.agree(PLAIN, 0);
    const phone = client(PHONE);
    phone.start(0);
    run(phone, PHONE, count => count % 3 === 0);
    expect(told).toEqual(["keys"]);
  });

  it("never come from another certificate, and that is told", () => {
    const { end, told, client, run } = setUp();
    end.agree(PLAIN, 0);
    const impostor = client(PHONE, true, createCertificate({ unixTime: Date.now() }));
    impostor.start(0);
    run(impostor, PHONE);
    expect(told).toEqual(["failed"]);
    expect(end.path).toBe(PHONE);
  });

  it("are not disturbed by who signaling didn't name, before, during and after", () => {
    const { end, told, client, run, sent } = setUp();
    end.agree(PLAIN, 0);
    const stranger = client(STRANGER, false);
    stranger.start(0);
    expect(sent).toEqual([]);
    const phone = client(PHONE);
    phone.start(0);
    stranger.start(10);
    run(phone, PHONE);
    client(STRANGER).start(9_000);
    expect([told, end.path]).toEqual([["keys"], PHONE]);
  });

  it("wait for ICE where there is some: nothing is taken from a path that has shown no password", () => {
    const { end, client, sent } = setUp();
    end.agree({ ...PLAIN, ice: { ufrag: "abcd", password: "0123456789012345678901" } }, 0);
    client(PHONE).start(0);
    expect([sent, end.path, end.accepts(PHONE, true)]).toEqual([[], -1, false]);
  });

  it("are made anew for another certificate, and there are none without", () => {
    const { end, told, client, run, time } = setUp();
    end.agree(PLAIN, 0);
    const first = client(PHONE);
    first.start(0);
    run(first, PHONE);
    const other = createCertificate({ unixTime: Date.now() });
    expect(end.agree({ fingerprint: other.fingerprint, isMuxed: false }, time())).toBe(true);
    const second = client(PHONE, true, other);
    second.start(time());
    run(second, PHONE);
    expect(told).toEqual(["keys", "keys"]);
    expect(end.agree(undefined, time())).toBe(false);
    expect(end.isOn).toBe(false);
  });
});
