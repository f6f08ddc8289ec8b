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
const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 15_000, interval: 100 });

/** How much louder (dB) a telephone, which writes that down when its call is over, heard the first tone than the second, in a second and a half of its last call, which ended `cut` seconds before it did. */
async function louder(phone: Baresip, first: number, second: number, cut = 0.5): Promise<number> {
  const recording = (await phone.recordings()).at(-1);
  if (!recording) throw new Error("it has heard nothing");
  const { rate, pcm } = recording;
  // Without the very last moment, in which the other one may have gone.
  const end = pcm.subarray(-(cut + 1.5) * rate, -cut * rate);
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
    await soon(() => louder(one, 1_000, 440)).toBeGreaterThan(20);
    await soon(() => louder(two, 440, 1_000)).toBeGreaterThan(20);
    const [last] = await callsNow();
    expect(last).toMatchObject({ direction: "in", to: "100", room: "phones", cause: { reason: "hangup" } });
  });

  it("are called from a room: ring, answer, are held, hear keys, and are hung up", async () => {
    await callIn(one, PIN);
    await soon(inRoom).toBe(1);
    const up = two.next("CALL_ESTABLISHED");
    const call = await ask<Call>("POST", "/calls", { room: "phones", trunk: "lab", to: "bob", from: "200" });
    expect(await up).toMatchObject({ peeruri: expect.stringContaining("sip:200@") });
    const state = async (): Promise<string> => (await ask<Call>("GET", `/calls/${call.id}`)).state;
    await soon(state).toBe("active");

    const key = two.next("CALL_DTMF_START");
    await ask("PATCH", `/calls/${call.id}`, { dtmf: "7" });
    expect(await key).toMatchObject({ param: "7" });
    two.command("hold");
    await soon(state).toBe("held");
    two.command("resume");
    await soon(state).toBe("active");
    await ask("PATCH", `/calls/${call.id}`, { held: true });
    await soon(state).toBe("held");
    await ask("PATCH", `/calls/${call.id}`, { held: false });
    await soon(state).toBe("active");

    await new Promise(resolve => setTimeout(resolve, 3_000));
    const closed = [one, two].map(phone => phone.next("CALL_CLOSED"));
    await ask("DELETE", `/calls/${call.id}`);
    // Whoever is removed from a room is hung up.
    const [first] = (await ask<{ participants: { pid: string }[] }>("GET", "/rooms/phones/participants")).participants;
    await ask("DELETE", `/rooms/phones/participants/${first?.pid}`);
    await Promise.all(closed);
    // (baresip 1.0 writes down nothing more of what it hears once it was on hold.)
    // At its end it was told that it is removed.
    await soon(() => louder(one, 1_000, 440, 2.2)).toBeGreaterThan(20);
    expect(await ask<Call>("GET", `/calls/${call.id}`)).toMatchObject({ state: "ended", cause: { reason: "hangup" } });
  });

  it("are let in by no wrong PIN, and told so", async () => {
    const closed = one.next("CALL_CLOSED");
    await callIn(one, "1111");
    const tries = async (): Promise<number> =>
      (await callsNow())[0]?.events.filter(({ event }) => event === "wrong-pin").length ?? 0;
    for (let i = 1; i < 3; i++) {
      await soon(tries).toBe(i);
      for (const key of "2222#") one.command("sndcode", key);
    }
    await closed;
    expect(await inRoom()).toBe(0);
    await soon(async () => (await callsNow())[0]?.cause).toMatchObject({ reason: "locked" });
  });
});
