/** Several long-running programs in one terminal: prefixed lines, one Ctrl-C, nothing left behind. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { root, toolEnv } from "./run.mjs";

const colours = [36, 35, 33, 32];
const paint = (text, code) => (process.stdout.isTTY ? `\x1b[${code}m${text}\x1b[0m` : text);

/**
 * Start `programs` (`{name, command, args, env, keep?}`), each leader of a process group, its lines prefixed with its name.
 * `keep(line)` may rewrite a line or drop it (undefined). Resolves with an exit code once all have ended; one that ends by
 * itself, or a signal, ends the others.
 */
export function runGroup(programs) {
  return new Promise(resolve => {
    const alive = new Set();
    let code = 0;
    let stopping = false;

    const signalAll = signal => {
      for (const child of alive) {
        try {
          process.kill(-child.pid, signal);
        } catch {
          // The group is gone already.
        }
      }
    };
    const stop = () => {
      if (stopping) return;
      stopping = true;
      signalAll("SIGINT");
      setTimeout(() => signalAll("SIGKILL"), 5_000).unref();
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);

    const width = Math.max(...programs.map(({ name }) => name.length));
    programs.forEach(({ name, command, args, env, keep = line => line }, index) => {
      const prefix = paint(`${name.padEnd(width)} │ `, colours[index % colours.length]);
      const child = spawn(command, args, {
        cwd: root,
        env: toolEnv(env),
        detached: true,
        stdio: ["ignore", "pipe", "pipe"],
      });
      alive.add(child);
      for (const stream of [child.stdout, child.stderr]) {
        createInterface({ input: stream }).on("line", line => {
          const kept = keep(line);
          if (kept !== undefined) process.stdout.write(`${prefix}${kept}\n`);
        });
      }
      child.on("error", error => {
        process.stderr.write(`${prefix}${error.message}\n`);
        code = 1;
        stop();
      });
      child.on("exit", (exit, signal) => {
        // Its children may outlive it: the group goes with its leader.
        try {
          process.kill(-child.pid, "SIGKILL");
        } catch {
          // Nobody left in it.
        }
        alive.delete(child);
        if (!stopping) {
          process.stderr.write(`${prefix}ended with ${signal ?? exit}\n`);
          code = exit || 1;
          stop();
        }
        if (alive.size === 0) resolve(code);
      });
    });
  });
}
