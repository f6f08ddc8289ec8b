import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { amplitudeAt, decibels } from "../../media-node/testing/tones.ts";
import type { Call, Trunk } from "../../src/protocol/index.ts";
import { type Baresip, startBaresip } from "../support/baresip.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { startNode } from "../support/node.ts";
import { freePort } from "../support/ports.ts";
import { apiToken } from "../support/tokens.ts";

const PIN = "4711";
/** Machines may be slow. */
const soon = <T>(read: () => T) => expect.poll(read, { timeout: 15_000, interval: 100 });

/** How much louder (dB) a telephone heard the first tone than the second, in the last second and a half of its last call. */
async function louder(phone: Baresip, first: number, second: number): Promise<number> {
  const recording = (await phone.recordings()).at(-1);
  if (!recording) throw new Error("it has heard nothing");
  const { rate, pcm } = recording;
  // Without the very last moment, in which the other one may have gone.
  const end = pcm.subarray(-2 * rate, -rate / 2);
  return decibels(amplitudeAt(end, first, rate) / Math.max(1e-5, amplitudeAt(end, second, rate)));
}

describe("telephones", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let sipPort: number;
  let one: Baresip;
  let two: Baresip;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    sipPort = await freePort();
    const settings = { "sip-listen": `127.0.0.1:${sipPort}`, "rtp-ports": "22200-22399" };
    const node = await startNode({ edge: edge.url, workers: 2, settings });
    cleanup.add(node.stop);
    one = await startBaresip({ account: "audio_codecs=pcmu", tone: 440, record: true });
    cleanup.add(one.stop);
    two = await startBaresip({ account: "audio_codecs=G722/16000/1", tone: 1_000, record: true });
    cleanup.add(two.stop);
    const accept = { addresses: ["127.0.0.1"] };
    await ask("POST", "/trunks", {
      id: "lab",
      host: "127.0.0.1",
      port: two.port,
      accept,
      allow: ["*"],
      callsPerSecond: 20,
    });
    await ask("POST", "/dispatch-rules", { numbers: ["100"], room: "phones", create: true, pin: PIN });
    const held = async () => expect((await ask<Trunk>("GET", "/trunks/lab")).state).toBe("idle");
    await vi.waitFor(held, { timeout: 15_000, interval: 100 });
  });
  afterAll(cleanup.run);

  async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${await apiToken()}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(response.ok, await response.clone().text()).toBe(true);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }
  const callsNow = async (): Promise<Call[]> => (await ask<{ calls: Call[] }>("GET", "/calls")).calls;
  const inRoom = async (): Promise<number> =>
    (await ask<{ participants: unknown[] }>("GET", "/rooms/phones/participants")).participants.length;

  async function callIn(phone: Baresip, pin: string): Promise<void> {
    const up = phone.next("CALL_ESTABLISHED");
    phone.command("dial", `sip:100@127.0.0.1:${sipPort}`);
    await up;
    for (const key of `${pin}#`) phone.command("sndcode", key);
  }

  it("come in by a PIN, and hear each other and not themselves", async () => {
    await callIn(one, PIN);
    await soon(inRoom).toBe(1);
    await callIn(two, PIN);
    await soon(inRoom).toBe(2);
    // Time to talk.
    await new Promise(resolve => setTimeout(resolve, 4_000));
    const closed = [one, two].map(phone => phone.next("CALL_CLOSED"));
    for (const phone of [one, two]) phone.command("hangup");
    await Promise.all(closed);
    await soon(inRoom).toBe(0);
    expect(await louder(one, 1_000, 440)).toBeGreaterThan(20);
    expect(await louder(two, 440, 1_000)).toBeGreaterThan(20);
    const [last] = await callsNow();
    expect(last).toMatchObject({ direction: "in", to: "100", room: "phones", cause: { reason: "hangup" } });
  });
});
