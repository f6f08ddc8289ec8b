import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RtpHeader, RtpPacket } from "werift";
import { MAX_ENCODED } from "../../media-node/codec/audio-codec.ts";
import { loadOpus } from "../../media-node/codec/opus-audio.ts";
import { amplitudeAt, tone } from "../../media-node/testing/tones.ts";
import { BOT_PROTOCOL, type BotDoor, type Grants } from "../../src/protocol/index.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { playByWerift, publishByWerift, type WeriftPlayer } from "../support/peers/werift.ts";
import { apiToken, joinToken } from "../support/tokens.ts";

const RATE = 48_000;
const FRAME = 960;
/** Sound on a busy machine comes in pieces. */
const PATIENT = { timeout: 45_000 };
const example = fileURLToPath(new URL("../../examples/bot/bot.js", import.meta.url));
const opus = await loadOpus();

const BOT: Grants = { create: true, publish: ["mic"], subscribe: ["mic", "mix"] };

/** A program's socket: what came of it. */
interface Ear {
  readonly texts: { type: string }[];
  readonly samples: number[];
  readonly closed: Promise<{ code: number; reason: string }>;
  close(): void;
}

let edge: Edge;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge.stop());

describe.each(["bun", "node"] as const)("a program, by a media node on %s", runtime => {
  const cleanup = createCleanup();
  const room = `bots-${runtime}`;

  beforeAll(async () => {
    const node = await startNode({ edge: edge.url, runtime, settings: { "bot-listen": "127.0.0.1:0" } });
    cleanup.add(node.stop);
  });
  afterAll(cleanup.run);

  async function enter(identity: string, wish: object): Promise<BotDoor> {
    const response = await fetch(`${edge.url}/v1/bots/${room}`, {
      method: "POST",
      headers: { authorization: `Bearer ${await joinToken(room, identity, BOT)}` },
      body: JSON.stringify(wish),
    });
    expect(response.status, await response.clone().text()).toBe(201);
    return (await response.json()) as BotDoor;
  }

  function open({ url, token }: BotDoor): Ear {
    const socket = new WebSocket(url, [BOT_PROTOCOL, `bearer.${token}`]);
    socket.binaryType = "arraybuffer";
    const closed = Promise.withResolvers<{ code: number; reason: string }>();
    const ear: Ear = { texts: [], samples: [], closed: closed.promise, close: () => socket.close() };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") ear.texts.push(JSON.parse(data) as { type: string });
      else ear.samples.push(...new Int16Array(data as ArrayBuffer));
    };
    socket.onclose = ({ code, reason }) => closed.resolve({ code, reason });
    cleanup.add(() => socket.close());
    return ear;
  }

  /** A WHIP encoder that plays a tone until the tests are over. */
  async function playTone(frequency: number): Promise<void> {
    const token = await joinToken(room, `tone-${frequency}`, { create: true, publish: ["mic", "camera"] });
    const encoder = await publishByWerift(`${edge.url}/v1/whip/${room}`, token, () => {});
    cleanup.add(encoder.end);
    const codec = opus.createEncoder({ rate: RATE, channels: 1 });
    const pcm = tone(frequency, RATE, RATE);
    const bytes = new Uint8Array(MAX_ENCODED);
    const start = performance.now();
    let count = 0;
    const timer = setInterval(() => {
      // As many as are due: a busy machine calls later than it was told to.
      for (; count * 20 < performance.now() - start; count++) {
        const length = codec.encode(pcm, (count % 50) * FRAME, bytes, 0);
        const header = new RtpHeader({ payloadType: 111, sequenceNumber: count & 0xffff, timestamp: count * FRAME });
        encoder.write("audio", new RtpPacket(header, Buffer.from(bytes.subarray(0, length))));
      }
    }, 20);
    cleanup.add(() => clearInterval(timer));
  }

  /** Amplitude of a frequency in what a player got last. */
  function heardBy(player: WeriftPlayer, frequency: number): number {
    const decoder = opus.createDecoder(RATE, 1);
    const out = new Float32Array(5_760);
    let loudest = 0;
    for (const { payload } of player.packets.audio.splice(0)) {
      if (decoder.decode(payload, 0, payload.length, out, 0) < FRAME) continue;
      loudest = Math.max(loudest, amplitudeAt(out.subarray(0, FRAME), frequency, RATE));
    }
    decoder.close();
    return loudest;
  }

  /** The greatest amplitude of a frequency in a tenth of the last second of what a program got. */
  const heardIn = ({ samples }: Ear, frequency: number): number => {
    const last = Float32Array.from(samples.slice(-RATE), sample => sample / 32_768);
    const tenths = Array.from({ length: 10 }, (_, i) => last.subarray((i * RATE) / 10, ((i + 1) * RATE) / 10));
    return Math.max(0, ...tenths.filter(({ length }) => length > 0).map(part => amplitudeAt(part, frequency, RATE)));
  };

  const title = "hears the room and is heard there: the example, a WHIP encoder, a WHEP player and another program";
  it(title, { timeout: 150_000 }, async () => {
    await playTone(1_200);
    const child = spawn(process.execPath, [example], {
      stdio: ["ignore", "pipe", "inherit"],
      env: { ...process.env, EDGE: edge.url, ROOM: room, TOKEN: await joinToken(room, "example", BOT) },
    });
    cleanup.add(() => child.kill("SIGKILL"));
    const lines: { type: string; decibels?: number }[] = [];
    createInterface({ input: child.stdout }).on("line", line => lines.push(JSON.parse(line) as (typeof lines)[number]));
    await expect.poll(() => lines.some(({ decibels = -99 }) => decibels > -20), PATIENT).toBe(true);
    expect(lines[0]).toMatchObject({ type: "ready", rate: RATE });

    const token = await joinToken(room, "listener", { subscribe: ["mic"] });
    const player = await playByWerift(`${edge.url}/v1/whep/${room}/example`, token);
    cleanup.add(player.end);
    await expect.poll(() => heardBy(player, 440), PATIENT).toBeGreaterThan(0.1);

    const mixed = open(await enter("mixed", { hear: "mix" }));
    const named = open(await enter("named", { hear: "tone-1200" }));
    await expect.poll(() => Math.min(heardIn(mixed, 440), heardIn(mixed, 1_200)), PATIENT).toBeGreaterThan(0.1);
    await expect.poll(() => heardIn(named, 1_200), PATIENT).toBeGreaterThan(0.1);
    expect(heardIn(named, 440)).toBeLessThan(0.01);
    mixed.close();
    named.close();
  });

  it("is a participant like others: removed by moderators, gone when it hangs up", async () => {
    const api = `${edge.url}/v1/rooms/${room}/participants`;
    const headers = { authorization: `Bearer ${await apiToken()}` };
    const present = async (): Promise<string[]> => {
      const { participants } = (await (await fetch(api, { headers })).json()) as { participants: { pid: string }[] };
      return participants.map(({ pid }) => pid);
    };
    const guest = await enter("guest", { hear: "mix", speak: true, rate: 16_000 });
    const ear = open(guest);
    await expect.poll(() => ear.texts[0]).toMatchObject({ type: "ready", pid: guest.pid, rate: 16_000 });
    expect(await present()).toContain(guest.pid);
    // A token opens the door once.
    expect(await open(guest).closed).toMatchObject({ code: 4411 });
    expect((await fetch(`${api}/${guest.pid}`, { method: "DELETE", headers })).status).toBe(204);
    expect(await ear.closed).toEqual({ code: 4421, reason: "no-such-participant" });

    const other = await enter("other", { speak: true });
    const socket = open(other);
    await expect.poll(() => socket.texts.length).toBe(1);
    socket.close();
    await expect.poll(present).not.toContain(other.pid);
  });
});
