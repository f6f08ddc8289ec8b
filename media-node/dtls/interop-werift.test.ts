import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { createCertificate, fingerprintOf } from "./certificate.ts";
import { createHandshakeBudget } from "./handshake-budget.ts";
import { createDtlsServer } from "./server.ts";
import type { SrtpProfile } from "./srtp-profile.ts";
import { hexOf } from "./testing/pair.ts";
import { createWeriftClient } from "./testing/werift-client.ts";

it.each<[SrtpProfile, number]>([
  ["AEAD_AES_128_GCM", 12],
  ["AES_CM_128_HMAC_SHA1_80", 14],
])("werift's client connects with %s, exports our keys, and exchanges data", async (profile, saltLength) => {
  const certificate = createCertificate({ unixTime: Date.now() });
  const clientCertificate = createCertificate({ unixTime: Date.now() });
  const { client, receive, outgoing } = createWeriftClient(clientCertificate, profile);
  const toClient: Uint8Array[] = [];
  const data: string[] = [];
  let keys: Record<string, string> = {};
  const server = createDtlsServer({
    certificate,
    remoteFingerprint: fingerprintOf(new X509Certificate(clientCertificate.der).raw, "sha-256"),
    srtpProfiles: ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"],
    budget: createHandshakeBudget(),
    send: datagram => toClient.push(datagram),
    listener: {
      onConnected: srtp => {
        keys = hexOf({ ...srtp });
      },
      onData: bytes => data.push(Buffer.from(bytes).toString()),
      onFailed: failure => {
        throw new Error(failure);
      },
      onClosed: () => {},
    },
  });
  const received: string[] = [];
  client.onData.subscribe(bytes => received.push(bytes.toString()));
  const connected = new Promise<void>(resolve => client.onConnect.subscribe(resolve));

  // Datagrams cross whenever werift's promises have produced any.
  let now = 0;
  const pump = setInterval(() => {
    for (const datagram of outgoing.splice(0)) server.handle(datagram, now++);
    for (const datagram of toClient.splice(0)) receive(datagram);
  }, 1);
  try {
    await client.connect();
    await connected;
    const theirs = hexOf(client.extractSessionKeys(16, saltLength));
    expect(keys).toMatchObject({
      localKey: theirs.remoteKey,
      localSalt: theirs.remoteSalt,
      remoteKey: theirs.localKey,
    });
    for (let count = 0; count < 20; count++) {
      server.send(Buffer.from(`down ${count}`));
      await client.send(Buffer.from(`up ${count}`));
    }
    await expect.poll(() => [data.length, received.length]).toEqual([19, 20]);
    // werift uses the record number of its Finished twice (a known defect): one of its twenty is a replay to us.
    expect(server.counters.replayed).toBe(1);
  } finally {
    clearInterval(pump);
    server.close();
    client.close();
  }
});
