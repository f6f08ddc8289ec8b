import { X509Certificate } from "node:crypto";
import { expect, it } from "vitest";
import { DtlsClient } from "werift";
import { createCertificate, type DtlsCertificate, fingerprintOf } from "./certificate.ts";
import { createHandshakeBudget } from "./handshake-budget.ts";
import { createDtlsServer } from "./server.ts";
import { SRTP_PROFILES, type SrtpProfile } from "./srtp-profile.ts";
import { hexOf } from "./testing/pair.ts";

const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der)
    .toString("base64")
    .match(/.{1,64}/g)!
    .join("\n")}\n-----END ${label}-----\n`;

/** werift's client, which shares no code with us, over an in-memory transport. */
function createWeriftClient({ der, privateKey }: DtlsCertificate, profile: SrtpProfile) {
  const outgoing: Buffer[] = [];
  const transport = {
    type: "memory",
    onData: (_data: Buffer, _address: [string, number]) => {},
    send: async (data: Buffer) => {
      outgoing.push(data);
    },
    close: async () => {},
  };
  const client = new DtlsClient({
    transport: transport as unknown as ConstructorParameters<typeof DtlsClient>[0]["transport"],
    cert: pem("CERTIFICATE", der),
    key: pem("PRIVATE KEY", privateKey.export({ type: "pkcs8", format: "der" })),
    signatureHash: { hash: 4, signature: 3 },
    srtpProfiles: [SRTP_PROFILES[profile]],
    extendedMasterSecret: true,
  });
  return { client, transport, outgoing };
}

it.each<[SrtpProfile, number]>([
  ["AEAD_AES_128_GCM", 12],
  ["AES_CM_128_HMAC_SHA1_80", 14],
])("werift's client connects with %s, exports our keys, and exchanges data", async (profile, saltLength) => {
  const certificate = createCertificate({ unixTime: Date.now() });
  const clientCertificate = createCertificate({ unixTime: Date.now() });
  const { client, transport, outgoing } = createWeriftClient(clientCertificate, profile);
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
    for (const datagram of toClient.splice(0)) transport.onData(Buffer.from(datagram), ["127.0.0.1", 1]);
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
