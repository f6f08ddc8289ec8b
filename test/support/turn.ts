import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const execute = promisify(execFile);

export interface TurnOptions {
  readonly runtime?: "bun" | "node";
  /** Further settings. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly secret?: string;
  /** Network namespace to run in. */
  readonly namespace?: string;
}

export interface RunningTurn {
  readonly port: number;
  readonly adminPort: number;
  /** Its log lines so far, parsed. */
  readonly log: Record<string, unknown>[];
  readonly child: ChildProcess;
  /** Process ids of its workers. */
  workerPids(): number[];
  stop(): Promise<void>;
}

/** A TURN server of its own, on loopback: user `alice`, password `wonderland`; peers on 127.0.0.1 and ::1 allowed. */
export async function startTurn(options: TurnOptions = {}): Promise<RunningTurn> {
  const { runtime = "bun", secret, settings = {}, namespace } = options;
  const all: Record<string, string> = {
    only: "turn",
    listen: "127.0.0.1,::1",
    "listening-port": "0",
    "tls-listening-port": "0",
    admin: "0",
    "turn-workers": "1",
    "allowed-peer-ip": "127.0.0.1,::1",
    "user-quota": "0",
    ...settings,
  };
  const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]);
  const command = [
    ...(namespace ? ["ip", "netns", "exec", namespace] : []),
    ...[join(root, "node_modules/.bin", runtime), "media-node/main.ts", ...args],
  ];
  const child = spawn(command[0] ?? "", command.slice(1), {
    cwd: root,
    stdio: ["ignore", "inherit", "pipe"],
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
      TANDEM_USER: "alice:wonderland",
      ...(secret !== undefined && { TANDEM_TURN_SECRET: secret }),
    },
  });
  const log: Record<string, unknown>[] = [];
  const raw: string[] = [];
  const up = Promise.withResolvers<void>();
  createInterface({ input: child.stderr }).on("line", line => {
    raw.push(line);
    try {
      log.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      return;
    }
    if (log.at(-1)?.message === "turn server up") up.resolve();
  });
  const exited = once(child, "exit").then(([code]) => code as number | null);
  exited.then(code => up.reject(new Error(`the TURN server ended with ${code}:\n${raw.join("\n")}`)));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await exited;
  };
  const late = setTimeout(() => up.reject(new Error(`the TURN server did not start:\n${raw.join("\n")}`)), 20_000);
  try {
    await up.promise;
  } catch (error) {
    await stop();
    throw error;
  } finally {
    clearTimeout(late);
  }
  const line = log.find(({ message }) => message === "turn server up");
  return {
    port: Number(line?.port),
    adminPort: Number(line?.admin),
    log,
    child,
    workerPids: () => log.filter(({ message }) => message === "turn worker listens").map(({ pid }) => Number(pid)),
    stop,
  };
}

/** A self-signed certificate for `localhost` in a folder of its own. */
export async function makeCertificate(): Promise<{ cert: string; pkey: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "tandem-turn-"));
  const cert = join(folder, "cert.pem");
  const pkey = join(folder, "key.pem");
  await writeCertificate(cert, pkey);
  return { cert, pkey, remove: () => rm(folder, { recursive: true }) };
}

/** Writes a new self-signed certificate to these files. */
export async function writeCertificate(cert: string, pkey: string): Promise<void> {
  const subject = ["-subj", "/CN=localhost", "-days", "2", "-keyout", pkey, "-out", cert];
  await execute("openssl", [
    "req",
    "-x509",
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:P-256",
    "-nodes",
    ...subject,
  ]);
}
