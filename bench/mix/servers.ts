/** The two mixers, on the same work: 48 kHz mono, complexity 4, one UDP socket a participant on the other side. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "../../test/support/ports.ts";
import { pause } from "../ask.ts";
import { AUDIO_LEVEL, PAYLOAD_TYPE, type Seat } from "./shape.ts";

export interface MixServer {
  readonly pid: number;
  /** Where each seat's RTP goes. */
  readonly ports: readonly number[];
  stop(): Promise<void>;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  child.kill("SIGTERM");
  await exit;
}

/** @param ports of the clients, seat by seat. */
export async function startOurs(
  seats: readonly Seat[],
  ports: readonly number[],
): Promise<MixServer & { readonly port: number }> {
  const program = fileURLToPath(new URL("server.ts", import.meta.url));
  const config = seats.map((seat, i) => ({ ...seat, port: ports[i] }));
  const child = spawn("bun", [program, JSON.stringify(config)], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await Promise.race([
    once(createInterface({ input: child.stdout }), "line"),
    once(child, "exit").then(() => Promise.reject(new Error("our mixer did not start"))),
  ])) as [string];
  const port = Number(line);
  return { pid: child.pid ?? 0, port, ports: seats.map(() => port), stop: () => end(child) };
}

/** All modules of a kind but one. */
function others(kind: "plugins" | "transports", wanted: string): string {
  const [library] = readdirSync("/usr/lib").filter(name => name.endsWith("-linux-gnu"));
  return readdirSync(`/usr/lib/${library}/janus/${kind}`)
    .filter(name => name.endsWith(".so") && name !== wanted)
    .join(",");
}

function writeConfig(folder: string, http: number): void {
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const plugins = others("plugins", "libjanus_audiobridge.so");
  const transports = others("transports", "libjanus_http.so");
  write(
    "janus.jcfg",
    `general: { debug_level = 2 interface = "127.0.0.1" session_timeout = 0 }
plugins: { disable = "${plugins}" }
transports: { disable = "${transports}" }
events: { broadcast = false }\n`,
  );
  write("janus.transport.http.jcfg", `general: { http = true port = ${http} ip = "127.0.0.1" https = false }\n`);
  write("janus.plugin.audiobridge.jcfg", `general: { local_ip = "127.0.0.1" }\n`);
}

type Reply = Record<string, unknown> & { data?: { id: number }; plugindata?: { data: Record<string, unknown> } };

/** Janus's audiobridge from Debian: plain RTP participants, one handle each. */
export async function startJanus(seats: readonly Seat[], ports: readonly number[]): Promise<MixServer> {
  const folder = mkdtempSync(join(tmpdir(), "janus-"));
  const http = await freePort();
  writeConfig(folder, http);
  const child = spawn("janus", ["-F", folder, "-i", "127.0.0.1"], { stdio: "ignore" });
  const stop = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  const call = async (path: string, body?: object): Promise<Reply> => {
    const url = `http://127.0.0.1:${http}/janus${path}`;
    const post = body && { method: "POST", body: JSON.stringify({ transaction: "bench", ...body }) };
    return (await (await fetch(url, post)).json()) as Reply;
  };
  try {
    const deadline = performance.now() + 10_000;
    while (!(await call("/info").catch(() => undefined))) {
      if (performance.now() > deadline) throw new Error("janus did not start");
      await pause(100);
    }
    const session = `/${(await call("", { janus: "create" })).data?.id}`;
    const attach = async (): Promise<string> => {
      const { data } = await call(session, { janus: "attach", plugin: "janus.plugin.audiobridge" });
      return `${session}/${data?.id}`;
    };
    const creator = await attach();
    for (const room of new Set(seats.map(seat => seat.room + 1))) {
      const body = { request: "create", room, sampling_rate: 48_000, allow_rtp_participants: true };
      const reply = await call(creator, { janus: "message", body });
      if (reply.plugindata?.data.audiobridge !== "created") throw new Error(`janus: ${JSON.stringify(reply)}`);
    }
    const taken: number[] = [];
    for (const [i, { room, participant }] of seats.entries()) {
      const rtp = { ip: "127.0.0.1", port: ports[i], payload_type: PAYLOAD_TYPE, audiolevel_ext: AUDIO_LEVEL };
      const body = { request: "join", room: room + 1, display: `p${participant}`, quality: 4, bitrate: 32_000, rtp };
      await call(await attach(), { janus: "message", body });
      taken.push(await joinedAt(() => call(`${session}?maxev=1`)));
    }
    return { pid: child.pid ?? 0, ports: taken, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Waits for the event that says where the participant who has just joined sends its RTP. */
async function joinedAt(next: () => Promise<Reply>): Promise<number> {
  for (;;) {
    const data = (await next()).plugindata?.data;
    if (data?.error !== undefined) throw new Error(`janus: ${JSON.stringify(data)}`);
    if (data?.audiobridge === "joined" && data.rtp !== undefined) return (data.rtp as { port: number }).port;
  }
}
