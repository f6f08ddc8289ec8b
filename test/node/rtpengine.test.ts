import { createSocket } from "node:dgram";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeMuLaw, encodeMuLaw } from "../../media-node/codec/g711.ts";
import { openSipEndpoint, type SipEndpoint } from "../../media-node/gateway/sip/socket/endpoint.ts";
import { buildRtp } from "../../media-node/testing/model-packets.ts";
import { amplitudeAt, decibels } from "../../media-node/testing/tones.ts";
import type { Trunk } from "../../src/protocol/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { type Rtpengine, startRtpengine } from "../support/peers/rtpengine.ts";
import { freePort } from "../support/ports.ts";
import { apiToken } from "../support/tokens.ts";

const HEADER = 12;

/** A telephone of plain PCMU that says a tone, and keeps what it heard last. */
async function openPhone(tone: number) {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const heard: number[] = [];
  socket.on("message", bytes => {
    if ((bytes[1] ?? 0) !== 0 && (bytes[1] ?? 0) !== 0x80) return;
    for (const byte of bytes.subarray(HEADER)) heard.push(decodeMuLaw(byte) / 32_768);
    heard.splice(0, heard.length - 8_000);
  });
  let sending: NodeJS.Timeout | undefined;
  return {
    port: socket.address().port,
    /** Says its tone to that port from now on. */
    talk(port: number) {
      let frames = 0;
      sending = setInterval(() => {
        const at = ++frames * 160;
        const payload = Uint8Array.from({ length: 160 }, (_, i) =>
          encodeMuLaw(Math.round(8_000 * Math.sin((2 * Math.PI * tone * (at + i)) / 8_000))),
        );
        const packet = buildRtp({ payloadType: 0, sequence: frames & 0xffff, timestamp: at, ssrc: tone, payload });
        socket.send(packet, port, "127.0.0.1");
      }, 20);
    },
    /** How much louder (dB) the first tone is than the second. */
    louder(first: number, second: number): number {
      const pcm = Float32Array.from(heard.slice(-4_000));
      if (pcm.length < 4_000) return Number.NEGATIVE_INFINITY;
      return decibels(amplitudeAt(pcm, first, 8_000) / Math.max(1e-5, amplitudeAt(pcm, second, 8_000)));
    },
    close() {
      clearInterval(sending);
      socket.close();
    },
  };
}

describe("rtpengine between telephones and us", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let rtpengine: Rtpengine;
  let endpoint: SipEndpoint;
  let sip: number;

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (await response.json()) as T;
  }

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    sip = await freePort();
    const settings = { "sip-listen": `127.0.0.1:${sip}`, "rtp-ports": "22700-22799" };
    const node = await startNode({ edge: edge.url, settings });
    cleanup.add(node.stop);
    rtpengine = await startRtpengine();
    cleanup.add(rtpengine.stop);
    endpoint = await openSipEndpoint({
      address: "127.0.0.1",
      handler: {
        admit: () => ({ kind: "drop" }),
        called() {
          throw new Error("nobody is to call");
        },
      },
    });
    cleanup.add(endpoint.close);
    await ask("POST", "/trunks", {
      ...{ id: "lab", host: "127.0.0.1", srtp: "optional", callsPerSecond: 20 },
      accept: { addresses: ["127.0.0.1"] },
    });
    await ask("POST", "/dispatch-rules", { numbers: ["*"], room: "engine", create: true });
  });
  afterAll(cleanup.run);

  /** Calls by way of rtpengine, which offers us what `side` says, and gives the telephone PCMU. */
  async function call(name: string, tone: number, side: Parameters<Rtpengine["ask"]>[4]) {
    const phone = await openPhone(tone);
    cleanup.add(phone.close);
    const plain = [
      ...["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"],
      ...[`m=audio ${phone.port} RTP/AVP 0`, "a=rtpmap:0 PCMU/8000", ""],
    ].join("\r\n");
    const offer = await rtpengine.ask("offer", name, name, plain, side);
    const answered = Promise.withResolvers<string>();
    endpoint.stack.call(
      {
        target: `sip:100@127.0.0.1:${sip}`,
        from: { uri: `sip:${name}@127.0.0.1` },
        media: {
          createOffer: () => offer,
          answerOffer: () => undefined,
          applyAnswer(answer) {
            answered.resolve(answer);
            return true;
          },
        },
        events: {
          progress() {},
          established() {},
          info: () => 200,
          offerRefused() {},
          ended: ({ status, reason }) => answered.reject(new Error(`${status} ${reason}`)),
        },
      },
      endpoint.now(),
    );
    const answer = await answered.promise;
    const back = await rtpengine.ask("answer", name, name, answer, { "transport-protocol": "RTP/AVP", ICE: "remove" });
    phone.talk(Number(/^m=audio (\d+) /m.exec(back)?.[1]));
    return { phone, offer, answer };
  }

  it("speaks DTLS-SRTP with ICE and without to us, in Opus: the telephones behind it hear each other", async () => {
    await expect.poll(async () => (await ask<Trunk>("GET", "/trunks/lab")).state).toBe("idle");
    const opus = { codec: { transcode: ["opus"], mask: ["PCMU"] }, SDES: ["off"] };
    const one = await call("one", 440, { ...opus, "transport-protocol": "UDP/TLS/RTP/SAVPF", ICE: "force" });
    const two = await call("two", 1_000, { ...opus, "transport-protocol": "UDP/TLS/RTP/SAVP", ICE: "remove" });
    expect(one.answer).toMatch(/^a=ice-lite$/m);
    expect(one.answer).toMatch(/^a=setup:passive$/m);
    expect(two.answer).not.toMatch(/^a=ice/m);
    expect(two.answer).toMatch(/^a=fingerprint:sha-256 /m);
    for (const { answer } of [one, two]) expect(answer).toMatch(/opus\/48000\/2/i);
    await expect.poll(() => one.phone.louder(1_000, 440), { timeout: 20_000 }).toBeGreaterThan(20);
    await expect.poll(() => two.phone.louder(440, 1_000), { timeout: 20_000 }).toBeGreaterThan(20);
  });
});
