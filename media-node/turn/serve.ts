/**
 * The TURN server alone: `main.ts --only turn`. This process starts the workers and never touches a packet.
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { startAdmin } from "../admin/server.ts";
import { createLog } from "../log.ts";
import type { Settings } from "../settings.ts";
import type { FromTurnWorker, ToTurnWorker, TurnConfig } from "./config.ts";
import { turnConfigs } from "./configure.ts";

type Status = Extract<FromTurnWorker, { type: "status" }>;

interface Worker {
  readonly config: TurnConfig;
  child: ChildProcess;
  startedAt: number;
  status: Status | undefined;
}

const program = fileURLToPath(new URL("worker-main.ts", import.meta.url));
/** A worker that dies sooner than this after its start is not started again at once. */
const RESTART_PAUSE = 1_000;

/** Serves until it is told to stop. @throws Error with a sentence when a setting can't be used or a port is taken */
export async function serveTurn(settings: Settings): Promise<void> {
  const log = createLog(settings.log);
  const configs = turnConfigs(settings, randomBytes(32).toString("hex"));
  let closing = false;

  const send = (worker: Worker, message: ToTurnWorker): void => {
    if (worker.child.connected) worker.child.send(message);
  };

  /** @param firstReady settled by the first start; later failures are logged and tried again */
  function start(worker: Worker, firstReady?: PromiseWithResolvers<Extract<FromTurnWorker, { type: "ready" }>>): void {
    worker.startedAt = Date.now();
    worker.child = fork(program, [], { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const { child } = worker;
    let why = "";
    child.on("message", received => {
      const message = received as FromTurnWorker;
      if (message.type === "ready") {
        log.info("turn worker listens", { worker: worker.config.worker, port: message.port, pid: child.pid });
        firstReady?.resolve(message);
      } else if (message.type === "status") worker.status = message;
      else if (message.type === "failed") why = message.why;
      else for (const other of workers) if (other !== worker) send(other, message);
    });
    child.once("exit", (code, signal) => {
      worker.status = undefined;
      firstReady?.reject(new Error(why || `a TURN worker ended with ${signal ?? code}`));
      if (closing) return;
      log.error("turn worker ended", { worker: worker.config.worker, how: signal ?? code, why });
      const pause = Date.now() - worker.startedAt < RESTART_PAUSE ? RESTART_PAUSE : 0;
      setTimeout(() => {
        if (!closing) start(worker);
      }, pause);
    });
    send(worker, { type: "start", config: worker.config });
  }

  const workers: Worker[] = [];
  async function stop(): Promise<void> {
    if (closing) return;
    closing = true;
    await Promise.all(
      workers.map(({ child }) => {
        if (child.exitCode !== null || child.signalCode !== null) return undefined;
        const exit = new Promise(resolve => child.once("exit", resolve));
        if (child.connected) child.disconnect();
        const force = setTimeout(() => child.kill("SIGKILL"), 2_000);
        return exit.then(() => clearTimeout(force));
      }),
    );
  }

  try {
    // One after the other: the first finds a port that the others share.
    for (const config of configs) {
      const shared = workers[0]?.config ?? config;
      const worker = { config: { ...config, port: shared.port, tlsPort: shared.tlsPort } } as Worker;
      const firstReady = Promise.withResolvers<Extract<FromTurnWorker, { type: "ready" }>>();
      start(worker, firstReady);
      workers.push(worker);
      const { port } = await firstReady.promise;
      Object.assign(worker, { config: { ...worker.config, port } });
    }
  } catch (error) {
    await stop();
    throw error;
  }

  const sum = (read: (status: Status) => number): number =>
    workers.reduce((all, { status }) => all + (status ? read(status) : 0), 0);
  const admin = await startAdmin(settings.admin, {
    healthy: () => workers.some(({ child }) => child.connected),
    gauges: () => ({
      turn_allocations: sum(status => status.allocations),
      turn_connections: sum(status => status.connections),
      turn_workers: workers.length,
    }),
    counters() {
      const total: Record<string, number> = {};
      for (const { status } of workers)
        for (const [name, value] of Object.entries(status?.counters ?? {})) total[name] = (total[name] ?? 0) + value;
      return total;
    },
  });
  const [first] = workers;
  log.info("turn server up", { port: first?.config.port, realm: settings.realm, admin: admin.port });

  process.on("SIGHUP", () => {
    for (const worker of workers) send(worker, { type: "reload" });
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void Promise.all([stop(), admin.close()]).then(() => process.exit(0)));
}
