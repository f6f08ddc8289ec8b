import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./ports.ts";

/** Something baresip told on its control connection: `CALL_ESTABLISHED`, `CALL_CLOSED`, … */
export interface BaresipEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** A softphone on loopback that answers by itself. */
export interface Baresip {
  readonly port: number;
  readonly events: readonly BaresipEvent[];
  /** A command of its menu: `dial`, `hangup`, `hold`, `resume`, … */
  command(command: string, params?: string): void;
  /** The next event of a type from now on. */
  next(type: string): Promise<BaresipEvent>;
  /** What it heard in its calls so far, 8 to 48 thousand samples a second as their codecs have it. */
  recordings(): Promise<Recording[]>;
  /** The picture that it shows now, as PNG; undefined if it shows none. Only with `video`. */
  snapshot(): Promise<Buffer | undefined>;
  stop(): Promise<void>;
}

export interface Recording {
  readonly rate: number;
  readonly pcm: Float32Array;
}

export interface BaresipOptions {
  /** Its account is `sip:USER`. */
  readonly user?: string;
  /** Of the account: `audio_codecs=pcmu`, `mediaenc=…`, `outbound=…`. */
  readonly account?: string;
  /** Where it registers, in which case its account is called so there. */
  readonly registrar?: {
    readonly user: string;
    readonly password: string;
    readonly port: number;
    readonly transport: string;
  };
  /** What it says (Hz). */
  readonly tone?: number;
  /** What it hears is written down. */
  readonly record?: true;
  /** It has a camera, of moving bars, and VP8. */
  readonly video?: true;
}

const MODULES = ["g711.so", "g722.so", "opus.so", "srtp.so", "dtls_srtp.so", "ausine.so", "aubridge.so"];
const VIDEO = [
  ...["module vp8.so", "module fakevideo.so", "module snapshot.so"],
  ...["video_source fakevideo,nil", "video_display fakevideo,nil"],
  ...["video_size 320x240", "video_bitrate 300000", "video_fps 15"],
];

async function reach(port: number): Promise<Socket> {
  for (let attempt = 0; ; attempt++) {
    const socket = connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return socket;
    } catch (error) {
      if (attempt > 100) throw error;
      await sleep(50);
    }
  }
}

export async function startBaresip(options: BaresipOptions = {}): Promise<Baresip> {
  const { user = "bob", account = "audio_codecs=pcmu", tone = 440, record, video } = options;
  const folder = await mkdtemp(join(tmpdir(), "tandem-baresip-"));
  const port = await freePort();
  const control = await freePort();
  const config = [
    `sip_listen 127.0.0.1:${port}`,
    "net_interface 127.0.0.1",
    `audio_source ausine,${tone}`,
    "audio_player aubridge,rx",
    ...["ausrc_srate 48000", "auplay_srate 48000", "ausrc_channels 2", "auplay_channels 1"],
    "module_path /usr/lib/baresip/modules",
    ...[...MODULES, ...(record ? ["sndfile.so"] : [])].map(name => `module ${name}`),
    `snd_path ${folder}`,
    ...(video ? VIDEO : []),
    ...["module_tmp uuid.so", "module_tmp account.so", "module_app menu.so"],
    ...["module ctrl_tcp.so", `ctrl_tcp_listen 127.0.0.1:${control}`],
  ];
  await writeFile(join(folder, "config"), `${config.join("\n")}\n`);
  const { registrar } = options;
  const address = registrar
    ? `<sip:${registrar.user}@127.0.0.1:${registrar.port};transport=${registrar.transport}>;auth_pass=${registrar.password};regint=60`
    : `<sip:${user}@127.0.0.1:${port}>;regint=0`;
  await writeFile(join(folder, "accounts"), `${address};answermode=auto;${account}\n`);
  const child = spawn("baresip", ["-f", folder], { stdio: "ignore", cwd: folder });
  const exited = once(child, "exit");
  const socket = await reach(control);
  const events: BaresipEvent[] = [];
  const waiting = new Set<(event: BaresipEvent) => void>();

  let held = "";
  socket.setEncoding("utf8");
  socket.on("data", (chunk: string) => {
    held += chunk;
    // Netstrings: `length:text,`.
    for (let match = /^(\d+):/.exec(held); match; match = /^(\d+):/.exec(held)) {
      const start = match[0].length;
      const end = start + Number(match[1]);
      if (held.length <= end) return;
      const message = JSON.parse(held.slice(start, end)) as BaresipEvent & { event?: boolean };
      held = held.slice(end + 1);
      if (!message.event) continue;
      events.push(message);
      for (const told of [...waiting]) told(message);
    }
  });

  function command(name: string, params?: string): void {
    const text = JSON.stringify({ command: name, ...(params !== undefined && { params }) });
    socket.write(`${text.length}:${text},`);
  }

  return {
    port,
    events,
    command,
    next: type =>
      new Promise(resolve => {
        const told = (event: BaresipEvent): void => {
          if (event.type !== type) return;
          waiting.delete(told);
          resolve(event);
        };
        waiting.add(told);
      }),
    async recordings() {
      const files = (await readdir(folder)).filter(name => name.endsWith("-dec.wav")).sort();
      return Promise.all(files.map(async name => readWave(await readFile(join(folder, name)))));
    },
    async snapshot() {
      command("snapshot_recv", join(folder, "seen"));
      const last = (await readdir(folder)).find(name => name.startsWith("seen"));
      return last === undefined ? undefined : readFile(join(folder, last));
    },
    async stop() {
      socket.destroy();
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** One channel of 16-bit PCM. Its length stands in the header only once the call is over. */
function readWave(bytes: Buffer): Recording {
  const start = bytes.indexOf("data") + 8;
  const samples = new Int16Array(Uint8Array.from(bytes.subarray(start, start + ((bytes.length - start) & ~1))).buffer);
  const [channels, rate] = [bytes.readUInt16LE(22), bytes.readUInt32LE(24)];
  const pcm = Float32Array.from(
    { length: Math.floor(samples.length / channels) },
    (_, i) => (samples[i * channels] ?? 0) / 32_768,
  );
  return { rate, pcm };
}
