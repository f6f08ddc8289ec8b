import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { amplitudeAt, decibels } from "../../media-node/testing/tones.ts";
import type { Call, CallList, ParticipantList, Trunk } from "../../src/protocol/index.ts";
import { type Baresip, startBaresip } from "../support/baresip.ts";
import { createCleanup } from "../support/cleanup.ts";
import { type Edge, startEdge } from "../support/edge.ts";
import { KAMAILIO_PASSWORD, type Kamailio, startKamailio } from "../support/kamailio.ts";
import { startNode } from "../support/node.ts";
import { freePort } from "../support/ports.ts";
import { apiToken } from "../support/tokens.ts";

const soon = <T>(read: () => T | Promise<T>) => expect.poll(read, { timeout: 20_000, interval: 100 });

describe("an account at a provider (Kamailio), and no address of one's own", () => {
  const cleanup = createCleanup();
  let edge: Edge;
  let kamailio: Kamailio;
  let caller: Baresip;
  let callee: Baresip;

  beforeAll(async () => {
    edge = await startEdge();
    cleanup.add(edge.stop);
    const settings = { "sip-listen": `127.0.0.1:${await freePort()}`, "rtp-ports": "22400-22499" };
    const node = await startNode({ edge: edge.url, settings });
    cleanup.add(node.stop);
    caller = await startBaresip({ tone: 440, record: true });
    cleanup.add(caller.stop);
    callee = await startBaresip({ account: "audio_codecs=opus/48000/2", tone: 1_000, record: true });
    cleanup.add(callee.stop);
    kamailio = await startKamailio(["acct-udp", "acct-tcp"], callee.port);
    cleanup.add(kamailio.stop);
    for (const transport of ["udp", "tcp"]) {
      const username = `acct-${transport}`;
      await ask("POST", "/trunks", {
        ...{ id: transport, host: "127.0.0.1", port: kamailio.port, transport, registration: "outbound" },
        credentials: { username, password: KAMAILIO_PASSWORD },
        allow: ["*"],
      });
      await ask("POST", "/dispatch-rules", { numbers: [username], room: transport, create: true });
    }
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
  const stateOf = async (id: string): Promise<string> => {
    const { state, reason } = await ask<Trunk>("GET", `/trunks/${id}`);
    return `${state} ${reason ?? ""}`.trim();
  };
  const running = async (): Promise<Call[]> => (await ask<CallList>("GET", "/calls?state=running")).calls;
  /** How much louder (dB) a tone is than another in the second of a telephone's longest call that has most of it: words come before. */
  async function louder(phone: Baresip, first: number, second: number): Promise<number> {
    const all = await phone.recordings();
    const [longest] = all.sort((a, b) => b.pcm.length / b.rate - a.pcm.length / a.rate);
    if (!longest) throw new Error("it has heard nothing");
    const { rate, pcm } = longest;
    const levels = Array.from({ length: Math.floor(pcm.length / rate) }, (_, at) => {
      const part = pcm.subarray(at * rate, (at + 1) * rate);
      return { wanted: amplitudeAt(part, first, rate), unwanted: amplitudeAt(part, second, rate) };
    });
    const best = levels.reduce((a, b) => (b.wanted > a.wanted ? b : a));
    return decibels(best.wanted / Math.max(1e-5, best.unwanted));
  }

  it.each(["udp", "tcp"])(
    "is registered, is called and calls: both are in the room, by the provider's route (%s)",
    async transport => {
      await soon(() => stateOf(transport)).toBe("registered");
      const up = caller.next("CALL_ESTABLISHED");
      caller.command("dial", `sip:acct-${transport}@127.0.0.1:${kamailio.port}`);
      await up;
      const inRoom = async (): Promise<number> =>
        (await ask<ParticipantList>("GET", `/rooms/${transport}/participants`)).participants.length;
      await soon(inRoom).toBe(1);
      const answered = callee.next("CALL_ESTABLISHED");
      const { id } = await ask<Call>("POST", "/calls", { room: transport, trunk: transport, to: "+49301234" });
      await answered;
      await soon(async () => (await ask<Call>("GET", `/calls/${id}`)).state).toBe("active");
      // So long each is told that it is in, and then hears the other.
      await new Promise(resolve => setTimeout(resolve, 6_000));
      // A re-INVITE each way goes by the provider's route, too.
      caller.command("hold");
      await soon(async () => (await running()).filter(({ state }) => state === "held").length).toBe(1);
      caller.command("resume");
      await soon(async () => (await running()).every(({ state }) => state === "active")).toBe(true);
      const closed = callee.next("CALL_CLOSED");
      await ask("DELETE", `/calls/${id}`);
      await closed;
      const over = caller.next("CALL_CLOSED");
      caller.command("hangup");
      await over;
      await soon(inRoom).toBe(0);
      expect(await louder(caller, 1_000, 440)).toBeGreaterThan(20);
      expect(await louder(callee, 440, 1_000)).toBeGreaterThan(20);
    },
  );

  it("that is refused says why, and is registered once the password is right", async () => {
    await ask("PATCH", "/trunks/udp", { credentials: { username: "acct-udp", password: "wrong" } });
    await soon(() => stateOf("udp")).toBe("failed 401 Unauthorized");
    await ask("PATCH", "/trunks/udp", { credentials: { username: "acct-udp", password: KAMAILIO_PASSWORD } });
    await soon(() => stateOf("udp")).toBe("registered");
  });
});
