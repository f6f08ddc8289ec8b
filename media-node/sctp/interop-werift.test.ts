import { expect, it } from "vitest";
import { RTCDataChannel, RTCDataChannelParameters, RTCSctpTransport } from "werift";
import { createCertificate } from "../dtls/certificate.ts";
import { createHandshakeBudget } from "../dtls/handshake-budget.ts";
import { createDtlsServer } from "../dtls/server.ts";
import { createWeriftClient } from "../dtls/testing/werift-client.ts";
import { createRandom } from "../testing/random.ts";
import { createDataChannels } from "./data-channels.ts";

const certificate = createCertificate({ unixTime: Date.now() });

/** Our DTLS and SCTP, and werift's, joined in memory; runs in real time, since werift has timers of its own. */
function createSession(loss: number) {
  const random = createRandom(1);
  const { client, receive, outgoing } = createWeriftClient(certificate, "AEAD_AES_128_GCM");
  const toClient: Uint8Array[] = [];
  const received: [number, string][] = [];
  const closed: number[] = [];
  const dtls = createDtlsServer({
    certificate,
    remoteFingerprint: certificate.fingerprint,
    srtpProfiles: ["AEAD_AES_128_GCM"],
    budget: createHandshakeBudget(),
    send: datagram => toClient.push(datagram),
    listener: {
      onConnected: () => channels.connect(performance.now()),
      onData: data => channels.handle(data, performance.now()),
      onFailed: () => {},
      onClosed: () => {},
    },
  });
  const channels = createDataChannels({
    negotiated: [{ id: 0, label: "tandem-media.v1", protocol: "" }],
    mtu: dtls.maxPayload,
    send: packet => dtls.send(packet),
    listener: {
      onOpen: () => {},
      onMessage(id, data) {
        received.push([id, String(data)]);
        channels.send(id, `echo ${data}`, performance.now());
      },
      onRequest: ({ label }) => label === "welcome",
      onChannelClosed: id => closed.push(id),
      onWritable: () => {},
      onClosed: () => {},
    },
  });
  const sctp = new RTCSctpTransport(5_000);
  const adapter = {
    id: "dtls",
    onStateChange: { subscribe: () => ({ unSubscribe: () => {} }) },
    dataReceiver: (_: Buffer) => {},
    sendData: (data: Buffer) => client.send(data),
    iceTransport: { role: "controlling" },
  };
  sctp.setDtlsTransport(adapter as unknown as Parameters<typeof sctp.setDtlsTransport>[0]);
  client.onData.subscribe(data => adapter.dataReceiver(data));
  client.onConnect.subscribe(() => void sctp.start(5_000));

  const pump = setInterval(() => {
    const now = performance.now();
    for (const datagram of outgoing.splice(0)) if (!random.chance(loss)) dtls.handle(datagram, now);
    for (const datagram of toClient.splice(0)) if (!random.chance(loss)) receive(datagram);
    for (const end of [dtls, channels]) if (end.nextTimeout() <= now) end.tick(now);
  }, 1);
  return {
    client,
    sctp,
    channels,
    received,
    closed,
    async close() {
      channels.close();
      dtls.close();
      await sctp.stop();
      client.close();
      clearInterval(pump);
    },
  };
}

function openChannel(sctp: RTCSctpTransport, parameters: Partial<RTCDataChannelParameters>) {
  const channel = new RTCDataChannel(sctp, new RTCDataChannelParameters(parameters), !parameters.negotiated);
  const messages: string[] = [];
  channel.onMessage.subscribe(message => messages.push(String(message)));
  return { channel, messages };
}

const texts = Array.from({ length: 20 }, (_, at) => `${at} ${"x".repeat(at * 200)}`);
const echoes = texts.map(text => `echo ${text}`);

it("werift's client exchanges messages on a negotiated channel and on one it opens, and is refused another", async () => {
  const session = createSession(0);
  try {
    const media = openChannel(session.sctp, { negotiated: true, id: 0, label: "tandem-media.v1" });
    const welcome = openChannel(session.sctp, { label: "welcome" });
    const refused = openChannel(session.sctp, { label: "unwelcome" });
    await session.client.connect();
    await expect.poll(() => [media.channel.readyState, welcome.channel.readyState]).toEqual(["open", "open"]);
    for (const text of texts) {
      media.channel.send(text);
      welcome.channel.send(text);
    }
    await expect.poll(() => [media.messages, welcome.messages]).toEqual([echoes, echoes]);
    await expect.poll(() => refused.channel.readyState).toBe("closed");
    welcome.channel.close();
    await expect.poll(() => session.closed).toEqual([welcome.channel.id]);
  } finally {
    await session.close();
  }
});

// On one channel only: with two, werift's reassembly doesn't hand out what a late chunk completes (0.25.2).
it("werift's client exchanges messages at 5 % loss", { timeout: 60_000 }, async () => {
  const session = createSession(0.05);
  try {
    const media = openChannel(session.sctp, { negotiated: true, id: 0, label: "tandem-media.v1" });
    await session.client.connect();
    await expect.poll(() => media.channel.readyState, { timeout: 20_000 }).toBe("open");
    for (const text of texts) media.channel.send(text);
    await expect.poll(() => media.messages, { timeout: 30_000 }).toEqual(echoes);
  } finally {
    await session.close();
  }
});
