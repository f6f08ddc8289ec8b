/** The two servers, on the same settings: one relay thread, one static user, loopback peers allowed, no limits. */
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "../../test/support/ports.ts";
import { PASSWORD, REALM, USER } from "./credentials.ts";

export interface TurnProcess {
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const START_LIMIT = 10_000;

async function start(command: string, args: string[], port: number, env: Record<string, string>): Promise<TurnProcess> {
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "ignore", "pipe"],
    env: { ...process.env, ...env },
  });
  const exited = once(child, "exit");
  // Read, lest a full pipe stops the server.
  let errors = "";
  child.stderr.on("data", chunk => {
    errors = (errors + String(chunk)).slice(-2_000);
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
    await exited;
  };
  try {
    await answers(port, child);
  } catch (error) {
    await stop();
    throw new Error(`${command} did not start: ${String(error)}\n${errors}`);
  }
  return { pid: child.pid ?? 0, port, stop };
}

/** Resolves once a Binding request is answered. */
async function answers(port: number, child: ChildProcess): Promise<void> {
  const socket = createSocket("udp4");
  const request = Buffer.from(`000100002112a442${"ab".repeat(12)}`, "hex");
  const answered = once(socket, "message");
  const timer = setInterval(() => socket.send(request, port, "127.0.0.1"), 100);
  const late = new Promise((_, reject) => setTimeout(() => reject(new Error("no answer")), START_LIMIT).unref());
  const ended = once(child, "exit").then(() => Promise.reject(new Error("it ended")));
  try {
    await Promise.race([answered, late, ended]);
  } finally {
    ended.catch(() => {});
    clearInterval(timer);
    socket.close();
  }
}

export async function startOurs(): Promise<TurnProcess> {
  const port = await freePort();
  const args = ["media-node/main.ts", "--only", "turn", "--turn-workers", "1", "--listen", "127.0.0.1", "--admin", "0"];
  args.push("--listening-port", String(port), "--tls-listening-port", "0", "--realm", REALM, "--log", "error");
  args.push("--allowed-peer-ip", "127.0.0.1", "--max-bps", "0", "--user-quota", "0", "--challenge-rate", "0");
  return start("bun", args, port, { TANDEM_USER: `${USER}:${PASSWORD}` });
}

export async function startCoturn(): Promise<TurnProcess> {
  const port = await freePort();
  const args = ["-n", "-m", "1", "-L", "127.0.0.1", "-p", String(port), "--no-tls", "--no-dtls", "--no-cli"];
  args.push("--lt-cred-mech", "-u", `${USER}:${PASSWORD}`, "-r", REALM, "--allow-loopback-peers");
  args.push("--log-file", "/dev/null", "--pidfile", "/dev/null");
  return start("turnserver", args, port, {});
}
