import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { amplitudeAt, decibels } from "../../media-node/testing/tones.ts";
import type { RtpCreated } from "../../src/protocol/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import {
  endPrograms,
  hearByFfmpeg,
  hearByGstreamer,
  portIn,
  sendByFfmpeg,
  sendByGstreamer,
} from "../support/peers/rtp.ts";
import { apiToken } from "../support/tokens.ts";

const OPUS = { codec: "opus", payloadType: 111 };
const VP8 = { codec: "vp8", payloadType: 96 };
const SRTP = { suite: "AES_CM_128_HMAC_SHA1_80" };
const TONE = 440;
const OTHER = 1_230;

/** How much louder (dB) the first tone is than the second. */
const louder = (pcm: Float32Array, first: number, second: number): number =>
  decibels(amplitudeAt(pcm, first, 48_000) / Math.max(1e-6, amplitudeAt(pcm, second, 48_000)));

let edge: Edge;
let rooms = 0;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge.stop());

describe.each(["bun", "node"] as const)("plain RTP by a media node on %s", runtime => {
  const cleanup = createCleanup();

  beforeAll(async () => {
    // Below the range that the system takes ports for others from.
    const settings = {
      "rtp-ports": runtime === "bun" ? "22000-22099" : "22100-22199",
      "rtp-destinations": "127.0.0.0/8",
    };
    const node = await startNode({ edge: edge.url, runtime, settings });
    cleanup.add(node.stop);
  });
  afterEach(endPrograms);
  afterAll(cleanup.run);

  const ask = async (method: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${edge.url}/v1/rooms${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  /** A room of its own for a test, and how to open legs there. */
  const room = async () => {
    const name = `rtp-${++rooms}`;
    expect((await ask("POST", "", { name })).status).toBe(201);
    const open = async (identity: string, leg: object): Promise<RtpCreated> => {
      const response = await ask("POST", `/${name}/rtp`, { identity, ...leg });
      expect(response.status, await response.clone().text()).toBe(201);
      return (await response.json()) as RtpCreated;
    };
    const send = async (identity: string, more: object): Promise<RtpCreated> =>
      open(identity, { send: { address: "127.0.0.1", audio: { ...OPUS, port: await evenPort() }, ...more } });
    return { name, open, send };
  };
  it("ffmpeg is heard by GStreamer and by ffmpeg, and seen", async () => {
    const { open, send } = await room();
    const { sdp } = await open("studio", { receive: { audio: OPUS, video: VP8 } });
    const [first, second] = [await send("one", { source: "studio" }), await send("two", { source: "speaker" })];
    const screen = await open("screen", {
      send: { address: "127.0.0.1", video: { ...VP8, port: await evenPort() }, source: "studio" },
    });
    const frames = await listen(portIn(screen.sdp, "video"));
    sendByFfmpeg(sdp, TONE);
    const heard = await Promise.all([hearByGstreamer(first.sdp), hearByFfmpeg(second.sdp)]);
    for (const pcm of heard) expect(louder(pcm, TONE, OTHER)).toBeGreaterThan(20);
    await expect.poll(() => frames.packets.length).toBeGreaterThan(10);
    frames.socket.close();
  });

  it("GStreamer's SRTP is heard by ffmpeg, ffmpeg's by GStreamer", async () => {
    const { open, send } = await room();
    const [a, b] = [
      await open("a", { receive: { audio: OPUS, srtp: SRTP } }),
      await open("b", { receive: { audio: OPUS, srtp: SRTP } }),
    ];
    const [first, second] = [
      await send("1", { source: "a", srtp: SRTP }),
      await send("2", { source: "b", srtp: SRTP }),
    ];
    sendByGstreamer(a.sdp, TONE);
    sendByFfmpeg(b.sdp, OTHER);
    const [one, two] = await Promise.all([hearByFfmpeg(first.sdp), hearByGstreamer(second.sdp)]);
    expect(louder(one, TONE, OTHER)).toBeGreaterThan(20);
    expect(louder(two, OTHER, TONE)).toBeGreaterThan(20);
  });

  it("a second sender to a port is never heard, nor one without the key; what is heard comes at once", async () => {
    const { open, send } = await room();
    const { sdp } = await open("in", { receive: { audio: OPUS } });
    const secret = await open("secret", { receive: { audio: OPUS, srtp: SRTP } });
    const out = await send("out", { source: "in" });
    const mute = await send("mute", { source: "secret" });
    const [ears, deaf] = [await listen(portIn(out.sdp, "audio")), await listen(portIn(mute.sdp, "audio"))];
    const [first, second] = [await speaker(), await speaker()];
    const sentAt: number[] = [];
    // The second one begins before anything is heard of it, and outlasts the first.
    for (let i = 0; i < 50; i++) {
      sentAt[i] = performance.now();
      first.say("first", i, portIn(sdp, "audio"));
      if (i >= 4) second.say("second", i, portIn(sdp, "audio"));
      second.say("second", i, portIn(secret.sdp, "audio"));
      await new Promise(resolve => setTimeout(resolve, 20));
    }
    for (let i = 50; i < 70; i++) {
      second.say("second", i, portIn(sdp, "audio"));
      await new Promise(resolve => setTimeout(resolve, 5));
    }
    await expect.poll(() => ears.packets.length).toBeGreaterThan(40);
    expect(ears.packets.filter(({ text }) => text.startsWith("second"))).toEqual([]);
    expect(deaf.packets).toEqual([]);
    const delays = ears.packets
      .map(({ text, at }) => at - (sentAt[Number(text.split(" ")[1])] ?? 0))
      .sort((a, b) => a - b);
    console.log(
      `RTP in to RTP out on ${runtime}: median ${delays[delays.length >> 1]?.toFixed(2)} ms, ${delays.length} packets`,
    );
    for (const { socket } of [ears, deaf, first, second]) socket.close();
  });

  it("is sent nowhere but where the operator allows it, and ends when it is told to", async () => {
    const { name, open } = await room();
    const away = { identity: "x", send: { address: "192.0.2.1", audio: { ...OPUS, port: 5_000 } } };
    const refused = await ask("POST", `/${name}/rtp`, away);
    expect([refused.status, await refused.json()]).toMatchObject([403, { code: "rtp-destination" }]);
    const { pid, sdp } = await open("in", { receive: { audio: OPUS } });
    expect(portIn(sdp, "audio") % 2).toBe(0);
    expect((await ask("DELETE", `/${name}/rtp/${pid}`)).status).toBe(204);
    expect((await ask("DELETE", `/${name}/rtp/${pid}`)).status).toBe(404);
    expect(await (await ask("GET", `/${name}/participants`)).json()).toEqual({ participants: [] });
  });
});

interface Heard {
  readonly text: string;
  readonly at: number;
}

/** A free even UDP port: RTCP has the next one. (Of TCP's the system gives odd ones only.) */
async function evenPort(): Promise<number> {
  for (;;) {
    const socket = createSocket("udp4");
    socket.bind(0, "127.0.0.1");
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    if (port % 2 === 0) return port;
  }
}

/** What comes to a port, by the text that {@link speaker} put into it. */
async function listen(port: number): Promise<{ socket: Socket; packets: Heard[] }> {
  const socket = createSocket("udp4");
  const packets: Heard[] = [];
  socket.on("message", bytes => packets.push({ text: bytes.subarray(17).toString("latin1"), at: performance.now() }));
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  return { socket, packets };
}

/** Somebody who sends packets that say who they are of, from a port of its own. */
async function speaker() {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const ssrc = socket.address().port;
  return {
    socket,
    say(name: string, number: number, to: number): void {
      const header = Buffer.from([0x80, 111, number >> 8, number, 0, 0, 0, 0, 0, 0, ssrc >> 8, ssrc & 0xff, 0x78]);
      header.writeUInt32BE(number * 960, 4);
      socket.send(Buffer.concat([header, Buffer.from(`${name} ${number}`, "latin1")]), to, "127.0.0.1");
    },
  };
}
