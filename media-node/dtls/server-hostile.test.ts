import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { createCertificate, fingerprintOf } from "./certificate.ts";
import { Alert, ContentType, RECORD_HEADER } from "./constants.ts";
import { createHandshakeBudget } from "./handshake-budget.ts";
import { readRecord } from "./record-reader.ts";
import { createRecordWriter } from "./record-writer.ts";
import { clientCertificate, createPair, type Pair } from "./testing/pair.ts";
import type { Cheat, TestClientOptions } from "./testing/test-client.ts";

function attempt(client: Partial<TestClientOptions>): Pair {
  const pair = createPair({ client });
  pair.client.start(0);
  pair.link.run([pair.client, pair.server], () => pair.server.state !== "handshake", 20_000);
  pair.link.run([{ ...pair.client, nextTimeout: () => Number.POSITIVE_INFINITY }, pair.server], () => false, 20_000);
  return pair;
}

describe("an impostor", () => {
  it.each<[Cheat, string, number]>([
    ["no certificate", "no-certificate", Alert.handshakeFailure],
    ["wrong key share", "bad-key-exchange", Alert.illegalParameter],
    ["wrong Finished", "bad-finished", Alert.decryptError],
    ["no EMS", "no-common-parameters", Alert.handshakeFailure],
  ])("with %s fails, and is told so", (cheat, failed, alert) => {
    const pair = attempt({ cheat });
    expect(pair.heard).toEqual([{ failed, alert: undefined }]);
    expect(pair.client.alerts).toEqual([[0, alert]]);
    expect(pair.client.connected).toBe(false);
  });

  it("with the right certificate, seen on the wire, but another key fails at CertificateVerify", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pair = attempt({ otherKey: privateKey });
    expect(pair.heard).toEqual([{ failed: "bad-signature", alert: undefined }]);
  });

  it("with a certificate of its own fails against the fingerprint, in each algorithm", () => {
    const other = createCertificate({ unixTime: 0 });
    for (const algorithm of ["sha-256", "sha-384", "sha-512"] as const) {
      const remoteFingerprint = fingerprintOf(clientCertificate.der, algorithm);
      const honest = createPair({ server: { remoteFingerprint } }).connect();
      expect(honest.server.state).toBe("connected");
      const pair = createPair({ server: { remoteFingerprint }, client: { certificate: other } }).connect(1_000);
      expect(pair.heard).toEqual([{ failed: "fingerprint-mismatch", alert: undefined }]);
      expect(pair.client.alerts[0]).toEqual([0, Alert.badCertificate]);
    }
  });

  it("whose certificate holds no usable key fails, even if the SDP vouches for it", () => {
    const der = Buffer.from("not a certificate");
    const pair = createPair({
      server: { remoteFingerprint: fingerprintOf(der, "sha-256") },
      client: { certificate: { ...clientCertificate, der } },
    }).connect(1_000);
    expect(pair.heard).toEqual([{ failed: "bad-certificate", alert: undefined }]);
  });
});

describe("plaintext after the handshake", () => {
  it("is dropped and counted: alerts, hellos, anything of epoch 0", () => {
    const pair = createPair().connect();
    const forged = createRecordWriter();
    const records = [
      forged.plain(ContentType.alert, Uint8Array.of(2, 40)),
      forged.plain(ContentType.alert, Uint8Array.of(1, 0)),
      pair.link.sent[0][0]!,
      forged.plain(ContentType.applicationData, Buffer.from("x")),
      forged.plain(ContentType.changeCipherSpec, Uint8Array.of(1)),
    ];
    const sent = pair.link.sent[1].length;
    for (const record of records) pair.server.handle(record, 1_000);
    expect(pair.server.counters.plaintext).toBe(records.length);
    expect(pair.heard.length).toBe(1);
    expect(pair.link.sent[1].length).toBe(sent);
    expect(pair.server.send(Buffer.from("alive"))).toBe(true);
  });

  it("before its end never ends it; an alert only explains a timeout", () => {
    const pair = createPair();
    const forged = createRecordWriter();
    pair.server.handle(forged.plain(ContentType.alert, Uint8Array.of(2, Alert.handshakeFailure)), 0);
    pair.server.handle(forged.plain(ContentType.alert, Uint8Array.of(1, Alert.closeNotify)), 0);
    expect(pair.connect().server.state).toBe("connected");

    const other = createPair();
    other.server.handle(forged.plain(ContentType.alert, Uint8Array.of(2, Alert.badCertificate)), 0);
    other.server.tick(10_000);
    expect(other.heard).toEqual([{ failed: "peer-alert", alert: Alert.badCertificate }]);
  });
});

describe("records of epoch 1", () => {
  it("count once: replays are dropped", () => {
    const pair = createPair().connect();
    const record = pair.client.seal(ContentType.applicationData, Buffer.from("once"));
    for (let times = 0; times < 3; times++) pair.server.handle(record, 100);
    expect(pair.heard.slice(1)).toEqual([{ data: "once" }]);
    expect(pair.server.counters.replayed).toBe(2);
  });

  it("that are forged are dropped and leave the replay window alone", () => {
    const pair = createPair().connect();
    const record = pair.client.seal(ContentType.applicationData, Buffer.from("real"));
    const forged = new Uint8Array(record);
    forged[RECORD_HEADER + 10]! ^= 1;
    const far = new Uint8Array(record);
    far[7] = 1;
    pair.server.handle(forged, 100);
    pair.server.handle(far, 100);
    pair.server.handle(record, 100);
    expect(pair.heard.slice(1)).toEqual([{ data: "real" }]);
    expect(pair.server.counters.unauthentic).toBe(2);
  });

  it("of later epochs, and data before the handshake is over, are dropped", () => {
    const pair = createPair();
    const data = Buffer.alloc(60, 1);
    data.set([23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 47]);
    pair.server.handle(data, 0);
    data[4] = 2;
    pair.server.handle(data, 0);
    expect(pair.server.counters.unexpected).toBe(2);
    expect(pair.connect().server.state).toBe("connected");
  });
});

describe("a flood of ClientHellos", () => {
  it("costs no key exchange once the worker's budget is spent, and later ones get in", () => {
    const budget = createHandshakeBudget({ perSecond: 1, burst: 2 });
    const pairs = Array.from({ length: 5 }, () => createPair({ server: { budget } }));
    for (const { client, server, link } of pairs) {
      client.start(0);
      server.handle(link.sent[0][0]!, 0);
    }
    expect(pairs.map(({ link }) => link.sent[1].length)).toEqual([1, 1, 0, 0, 0]);
    expect(pairs.map(({ server }) => server.counters.throttled)).toEqual([0, 0, 1, 1, 1]);
    // The client repeats its hello until there is budget again.
    pairs[2]!.link.run([pairs[2]!.client, pairs[2]!.server], () => pairs[2]!.client.connected, 5_000);
    expect(pairs[2]!.server.state).toBe("connected");
  });

  it("costs one key exchange a session: repeats get the same flight, at most every 25 ms", () => {
    const budget = createHandshakeBudget({ perSecond: 0, burst: 1 });
    const pair = createPair({ server: { budget } });
    pair.client.start(0);
    const hello = pair.link.sent[0][0]!;
    for (let now = 0; now < 100; now++) pair.server.handle(hello, now);
    expect(pair.link.sent[1].length).toBe(4);
    const bodies = pair.link.sent[1].map(datagram => readRecord(datagram, 0)!.bytes.subarray(RECORD_HEADER).join());
    expect(new Set(bodies).size).toBe(1);
  });

  it("that never become whole cost memory for one message and no answer", () => {
    const pair = createPair({ client: { helloPadding: 3_000 } });
    pair.client.start(0);
    for (let now = 0; now < 5_000; now++) pair.server.handle(pair.link.sent[0][now % 2]!, now);
    expect(pair.link.sent[1].length).toBe(0);
    expect(pair.server.counters.throttled).toBe(0);
  });
});

it("an honest client gets in past forged fragments of its own messages", () => {
  const pair = createPair();
  const forged = createRecordWriter();
  const fragment = (sequence: number, type: number, length: number) =>
    forged.plain(
      ContentType.handshake,
      Uint8Array.of(type, 0, length >> 8, length & 255, 0, sequence, 0, 0, 0, 0, 0, 1, 7),
    );
  for (const [sequence, type] of [
    [0, 1],
    [1, 11],
    [2, 16],
    [3, 15],
    [4, 20],
  ] as const) {
    pair.server.handle(fragment(sequence, type, 900), 0);
  }
  // A whole hello of nonsense.
  pair.server.handle(fragment(0, 1, 1), 0);
  expect(pair.connect().server.state).toBe("connected");
});
