import { createCertificate, type DtlsCertificate } from "../certificate.ts";
import { createHandshakeBudget } from "../handshake-budget.ts";
import { createDtlsServer, type DtlsServer, type DtlsServerOptions } from "../server.ts";
import { createLink, type Link, type LinkModel } from "./link.ts";
import { createTestClient, type TestClient, type TestClientOptions } from "./test-client.ts";

/** Made once: their keys are what costs. Virtual time, so any date will do. */
export const serverCertificate: DtlsCertificate = createCertificate({ unixTime: 1_790_000_000_000 });
export const clientCertificate: DtlsCertificate = createCertificate({ unixTime: 1_790_000_000_000 });

/** What the server's listener heard, in order; keys in hex, since the buffers are zeroed. */
export type Heard =
  | { connected: Record<string, string> | undefined }
  | { data: string }
  | { failed: string; alert: number | undefined }
  | { closed: number };

export interface Pair {
  readonly server: DtlsServer;
  readonly client: TestClient;
  readonly link: Link;
  readonly heard: Heard[];
  /** Data that the client received, as text. */
  readonly received: string[];
  /** Starts the client and runs until both ends are connected, or `limit`. */
  connect(limit?: number): Pair;
  /** Runs what is still on its way. */
  settle(limit?: number): void;
}

export interface PairOptions {
  readonly link?: LinkModel;
  readonly server?: Partial<DtlsServerOptions>;
  readonly client?: Partial<TestClientOptions>;
}

/** A server under test and the test client, on a simulated link. End 0 is the client. */
export function createPair(options: PairOptions = {}): Pair {
  const link = createLink(options.link);
  const heard: Heard[] = [];
  const received: string[] = [];
  const server = createDtlsServer({
    certificate: serverCertificate,
    remoteFingerprint: clientCertificate.fingerprint,
    srtpProfiles: ["AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"],
    budget: createHandshakeBudget(),
    send: datagram => link.send(1, datagram),
    listener: {
      onConnected: srtp => heard.push({ connected: srtp && hexOf({ ...srtp }) }),
      onData: data => heard.push({ data: Buffer.from(data).toString() }),
      onFailed: (failed, alert) => heard.push({ failed, alert }),
      onClosed: closed => heard.push({ closed }),
    },
    ...options.server,
  });
  const client = createTestClient({
    certificate: clientCertificate,
    send: datagram => link.send(0, datagram),
    onData: data => received.push(Buffer.from(data).toString()),
    ...options.client,
  });
  const pair: Pair = {
    server,
    client,
    link,
    heard,
    received,
    connect(limit = 20_000) {
      client.start(link.now);
      link.run([client, server], () => client.connected && server.state === "connected", limit);
      return pair;
    },
    settle: (limit = link.now + 20_000) => link.run([client, server], () => false, limit),
  };
  return pair;
}

export function hexOf(record: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([name, value]) => [
      name,
      value instanceof Uint8Array ? Buffer.from(value).toString("hex") : String(value),
    ]),
  );
}
