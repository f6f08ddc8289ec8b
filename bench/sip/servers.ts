/** What carries the calls: a media node with its edge, or the floor. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ParticipantList, RtpCreated, Trunk } from "../../src/protocol/index.ts";
import { startEdge } from "../../test/support/edge.ts";
import { startNode } from "../../test/support/node.ts";
import { freePort } from "../../test/support/ports.ts";
import { apiToken } from "../../test/support/tokens.ts";
import { ask, pause } from "../ask.ts";
import { openCallers } from "./callers.ts";
import { type Bridge, CALLERS, type Ends, LOOPBACK, OPUS_TYPE } from "./shape.ts";

/** Called, in rooms of their own; and in one room, which is for setups. */
const NUMBER = "100";
const HALL = "200";
const FIRST_CALLER = 1_000;
const OPUS = { codec: "opus", payloadType: OPUS_TYPE };

/** Edge, media node and a trunk from loopback. */
export interface Exchange {
  /** Carries a call for each pair of ends, each with a listener in a room of its own. */
  carry(ends: readonly Ends[]): Promise<Bridge>;
  /** URI for calls that are merely set up. */
  readonly hall: string;
  stop(): Promise<void>;
}

async function eventually<T>(read: () => Promise<T | undefined>, what: string): Promise<T> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline; await pause(100)) {
    const value = await read();
    if (value !== undefined) return value;
  }
  throw new Error(`no ${what} after 30 s`);
}

export async function startExchange(): Promise<Exchange> {
  const edge = await startEdge();
  const sip = await freePort();
  const settings = {
    "sip-listen": `${LOOPBACK}:${sip}`,
    "rtp-ports": "20000-21999",
    "rtp-destinations": "127.0.0.0/8",
  };
  const node = await startNode({ edge: edge.url, settings }).catch(async (error: unknown) => {
    await edge.stop();
    throw error;
  });
  const token = await apiToken();

  async function api<T>(method: string, path: string, body?: object): Promise<T> {
    const response = await fetch(`${edge.url}/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async function metric(name: string): Promise<number> {
    const text = await (await fetch(`http://${LOOPBACK}:${node.adminPort}/metrics`)).text();
    return Number(new RegExp(`^tandem_${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
  }

  for (const [i, address] of CALLERS.entries()) {
    const accept = { addresses: [address] };
    await api("POST", "/trunks", { id: `bench-${i}`, host: address, accept, maxCalls: 1_000, callsPerSecond: 100 });
  }
  await api("POST", "/dispatch-rules", { numbers: [NUMBER], roomPrefix: "call" });
  await api("POST", "/dispatch-rules", { numbers: [HALL], room: "hall", create: true });
  await eventually(async () => {
    const { trunks } = await api<{ trunks: Trunk[] }>("GET", "/trunks");
    return trunks.every(({ state }) => state === "idle") || undefined;
  }, "trunks");

  async function carry(ends: readonly Ends[]): Promise<Bridge> {
    const callers = await openCallers(CALLERS[0]);
    const calls: Ends[] = [];
    for (const [i, { phone, listener }] of ends.entries()) {
      const number = String(FIRST_CALLER + i);
      const name = `call-${number}`;
      const rtp = (body: object) => api<RtpCreated>("POST", `/rooms/${name}/rtp`, body);
      await api("POST", "/rooms", { name });
      const speaking = await rtp({ identity: "voice", receive: { audio: OPUS } });
      const call = await callers.call(`sip:${NUMBER}@${LOOPBACK}:${sip}`, number, phone);
      const source = await eventually(async () => {
        const { participants } = await api<ParticipantList>("GET", `/rooms/${name}/participants`);
        return participants.find(({ kind }) => kind === "phone")?.identity;
      }, "telephone in its room");
      await rtp({ identity: "ear", send: { address: LOOPBACK, audio: { ...OPUS, port: listener }, source } });
      calls.push({ phone: call.port, listener: Number(/^m=audio (\d+) /m.exec(speaking.sdp)?.[1]) });
    }
    return {
      pid: node.pid,
      calls,
      ticks: async () => ({ all: await metric("mix_frames_total"), late: await metric("mix_frames_late_total") }),
      stop: () => callers.close(),
    };
  }

  return {
    carry,
    hall: `sip:${HALL}@${LOOPBACK}:${sip}`,
    async stop() {
      await node.stop();
      await edge.stop();
    },
  };
}

export async function startFloor(ends: readonly Ends[]): Promise<Bridge> {
  const program = fileURLToPath(new URL("floor-server.ts", import.meta.url));
  const child: ChildProcess = fork(program, [JSON.stringify(ends)], { execPath: "bun" });
  const [calls] = (await once(child, "message")) as [Ends[]];
  return {
    pid: child.pid ?? 0,
    calls,
    ticks: () => ask(child, {}),
    async stop() {
      child.kill();
      await once(child, "exit");
    },
  };
}
