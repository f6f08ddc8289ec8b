/**
 * Running programs with the pinned runtimes. Plain JavaScript and built-ins only: this starts on Node 20, before anything
 * is installed, and runs on the pinned Node afterwards.
 */
import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const bin = join(root, "node_modules", ".bin");

/** The environment in which the tools run: pinned runtimes first, nothing phones home. */
export function toolEnv(extra = {}) {
  return {
    ...process.env,
    PATH: `${bin}:${process.env.PATH}`,
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_SEND_ERROR_REPORTS: "false",
    WRANGLER_HIDE_BANNER: "true",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    ...extra,
  };
}

/** Absolute path of an installed tool. */
export const tool = name => join(bin, name);

/** Run a tool to its end with our terminal; rejects with the command line where it fails. */
export function run(command, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: root,
      env: toolEnv(env),
      stdio: ["ignore", quiet ? "pipe" : "inherit", quiet ? "pipe" : "inherit"],
    });
    let output = "";
    child.stdout?.on("data", chunk => {
      output += chunk;
    });
    child.stderr?.on("data", chunk => {
      output += chunk;
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      if (code === 0) return resolve(output);
      if (quiet) process.stdout.write(output);
      reject(new Error(`${[command.replace(`${bin}/`, ""), ...args].join(" ")} ended with ${signal ?? code}`));
    });
  });
}

/** One line that says what is being done, and how long it took. */
export async function step(title, work) {
  const start = Date.now();
  process.stdout.write(`▸ ${title}\n`);
  const result = await work();
  process.stdout.write(`  ${title}: ${((Date.now() - start) / 1000).toFixed(1)} s\n`);
  return result;
}

/** End the process with one sentence instead of a stack trace. */
export function main(work) {
  work().catch(error => {
    process.stderr.write(`\n✗ ${error.message}\n`);
    process.exitCode = 1;
  });
}
