import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { SECRETS } from "./edge.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface NodeOptions {
  /** Origin of the edge. */
  edge: string;
  id?: string;
  runtime?: "bun" | "node";
  workers?: number;
  /** Where it listens for media; loopback unless it runs in a namespace of the test's own. */
  listen?: string;
  /** Network namespace to run in. */
  namespace?: string;
  region?: string;
  /** Further settings. STUN and TURN are on the media ports alone, unless `turn` says otherwise. */
  settings?: Readonly<Record<string, string>>;
}

export interface RunningNode {
  readonly id: string;
  /** Its main process. */
  readonly pid: number;
  /** Its log lines so far, parsed. */
  readonly log: Record<string, unknown>[];
  /** Process ids of its media workers, newest of each. */
  workerPids(): number[];
  /** Port of health, metrics and drain. */
  readonly adminPort: number;
  /** SIGSTOP to everything of it: it answers nothing, though its sockets stand. */
  freeze(): void;
  /** Undoes `freeze`. */
  thaw(): void;
  /** SIGKILL to everything of it. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, "exit");
  try {
    process.kill(-(child.pid ?? 0), signal);
    // A frozen one hears no signal but SIGKILL.
    process.kill(-(child.pid ?? 0), "SIGCONT");
  } catch {
    // Its group is gone.
  }
  await exit;
}

/** Start a media node and wait until the edge has welcomed it. */
export async function startNode(options: NodeOptions): Promise<RunningNode> {
  const { edge, id = "test", runtime = "bun", workers = 1, listen = "127.0.0.1", namespace, region = "" } = options;
  const settings = { turn: "media", ...options.settings };
  const command = [
    ...(namespace ? ["ip", "netns", "exec", namespace] : []),
    join(root, "node_modules/.bin", runtime),
    ...["media-node/main.ts", "--edge", edge, "--id", id, "--listen", listen, "--media-port", "0", "--admin", "0"],
    ...["--workers", String(workers), ...(region ? ["--region", region] : [])],
    ...Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]),
  ];
  const child = spawn(command[0] ?? "", command.slice(1), {
    cwd: root,
    detached: true,
    stdio: ["ignore", "inherit", "pipe"],
    env: {
      ...process.env,
      PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
      TANDEM_KEY: `test:${(JSON.parse(SECRETS.NODE_KEYS) as { test: string }).test}`,
    },
  });
  const log: Record<string, unknown>[] = [];
  const linked = Promise.withResolvers<void>();
  const raw: string[] = [];
  createInterface({ input: child.stderr }).on("line", line => {
    raw.push(line);
    try {
      log.push(JSON.parse(line) as Record<string, unknown>);
    } catch {
      return;
    }
    if (log.at(-1)?.message === "linked") linked.resolve();
  });
  child.once("exit", code => linked.reject(new Error(`the node ended with ${code}:\n${raw.join("\n")}`)));
  const late = setTimeout(() => linked.reject(new Error(`the node did not link:\n${raw.join("\n")}`)), 20_000);
  try {
    await linked.promise;
  } catch (error) {
    await end(child, "SIGKILL");
    throw error;
  } finally {
    clearTimeout(late);
  }
  return {
    id,
    pid: child.pid ?? 0,
    log,
    workerPids: () => {
      const pids = new Map<unknown, number>();
      for (const line of log) if (line.message === "media worker listens") pids.set(line.worker, Number(line.pid));
      return [...pids.values()];
    },
    get adminPort() {
      return Number(log.find(({ message }) => message === "media node up")?.admin);
    },
    freeze: () => void process.kill(-(child.pid ?? 0), "SIGSTOP"),
    thaw: () => void process.kill(-(child.pid ?? 0), "SIGCONT"),
    kill: () => end(child, "SIGKILL"),
    async stop() {
      await end(child, "SIGINT");
      await end(child, "SIGKILL");
    },
  };
}
