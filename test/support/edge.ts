import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "./ports.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Secrets of the deployments that tests start. */
export const SECRETS = {
  API_KEYS: JSON.stringify({ test: "0123456789abcdef0123456789abcdef0123456789abcdef" }),
  RESUME_SECRET: "fedcba9876543210fedcba9876543210",
  OPERATOR_PASSWORD: "open sesame",
  NODE_KEYS: JSON.stringify({ test: "abcdef0123456789abcdef0123456789abcdef0123456789" }),
  TURN_SECRET: "00112233445566778899aabbccddeeff",
  TELEPHONY_SECRET: "ffeeddccbbaa99887766554433221100",
};

export interface EdgeOptions {
  /** Settings beside {@link SECRETS}; undefined takes one out. */
  vars?: Record<string, string | undefined>;
  /** Folder of its state; a fresh one by default. Pass the same again to start where a killed edge stopped. */
  persistTo?: string;
  port?: number;
  /** Whether it has a bucket for broadcasts. */
  bucket?: boolean;
}

/** The deployment's own configuration, with a bucket. */
function withBucket(scratch: string): string {
  const path = join(scratch, "wrangler.toml");
  const own = readFileSync(join(root, "wrangler.toml"), "utf8");
  const placed = own.replaceAll(/^(main|directory) = "(.+)"$/gm, (_, key, file) => `${key} = "${join(root, file)}"`);
  writeFileSync(path, `${placed}\n[[r2_buckets]]\nbinding = "BROADCASTS"\nbucket_name = "broadcasts"\n`);
  return path;
}

export interface Edge {
  readonly url: string;
  readonly port: number;
  readonly persistTo: string;
  /** Lines printed so far. */
  readonly log: string[];
  /** SIGKILL to the whole process group, in the middle of whatever it does. */
  kill(): Promise<void>;
  /** End it. Its state stays where it was passed in, else it goes. */
  stop(): Promise<void>;
}

const exited = (child: ChildProcess): Promise<void> =>
  child.exitCode !== null || child.signalCode !== null
    ? Promise.resolve()
    : new Promise(resolve => child.once("exit", () => resolve()));

/** Start the edge as a developer would, with `wrangler dev` on real workerd, and wait until it answers. */
export async function startEdge(options: EdgeOptions = {}): Promise<Edge> {
  const port = options.port ?? (await freePort());
  const scratch = mkdtempSync(join(tmpdir(), "tandem-edge-"));
  const persistTo = options.persistTo ?? join(scratch, "state");
  const vars = { ...SECRETS, LOCAL: "true", ROOM_ACCESS: "open", ...options.vars };
  const envFile = join(scratch, "env");
  const lines = Object.entries(vars).filter(([, value]) => value !== undefined);
  writeFileSync(envFile, lines.map(([name, value]) => `${name}='${value}'\n`).join(""), { mode: 0o600 });

  const child = spawn(
    join(root, "node_modules/.bin/wrangler"),
    [
      ...["dev", "--ip", "127.0.0.1", "--port", String(port), "--inspector-port", "0"],
      ...(options.bucket ? ["--config", withBucket(scratch)] : []),
      ...["--show-interactive-dev-session=false", "--persist-to", persistTo, "--env-file", envFile],
    ],
    {
      cwd: root,
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}`,
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_SEND_ERROR_REPORTS: "false",
        WRANGLER_HIDE_BANNER: "true",
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        WRANGLER_LOG_PATH: join(scratch, "logs"),
        WRANGLER_REGISTRY_PATH: join(scratch, "registry"),
      },
    },
  );
  const log: string[] = [];
  const ready = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", line => {
      log.push(line);
      if (line.includes("Ready on")) ready.resolve();
    });
  }
  child.once("exit", () => ready.reject(new Error(`the edge did not start:\n${log.join("\n")}`)));

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    try {
      process.kill(-(child.pid ?? 0), signal);
    } catch {
      // Its group is gone.
    }
    await exited(child);
  };
  await ready.promise;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    persistTo,
    log,
    kill: () => end("SIGKILL"),
    async stop() {
      await end("SIGINT");
      // wrangler ends before its children do.
      await end("SIGKILL");
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}
