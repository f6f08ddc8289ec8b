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
import { stopChild } from "../stop-child.ts";
import { untilEmpty } from "../until-empty.ts";
import { claimPort } from "./claim-port.ts";
import type { FromTurnWorker, ToTurnWorker, TurnConfig, TurnStatus } from "./config.ts";
import { turnConfigs } from "./configure.ts";
import { createTurnHub } from "./hub.ts";

interface Worker {
  readonly config: TurnConfig;
  child: ChildProcess;
  startedAt: number;
  status: TurnStatus | undefined;
}

const program = fileURLToPath(new URL("worker-main.ts", import.meta.url));
/** A worker that dies sooner than this after its start is not started again at once. */
const RESTART_PAUSE = 1_000;

/** Serves until it is told to stop. @throws Error with a sentence when a setting can't be used or a port is taken */
export async function serveTurn(settings: Settings): Promise<void> {
  const log = createLog(settings.log);
  const { listen } = settings;
  const port = await claimPort(listen, settings["listening-port"]);
  const tlsPort = settings["tls-listening-port"] > 0 ? await claimPort(listen, settings["tls-listening-port"]) : 0;
  const configs = turnConfigs(settings, { nonceSecret: randomBytes(32).toString("hex"), port, tlsPort });
  const workers: Worker[] = [];
  let closing = false;

  const send = (worker: Worker | undefined, message: ToTurnWorker): void => {
    if (worker?.child.connected) worker.child.send(message);
  };
  const hub = createTurnHub(
    (worker, order) => send(workers[worker], order),
    () => Date.now() / 1000,
  );

  /** @param firstReady settled by the first start; later failures are logged and tried again */
  function start(worker: Worker, firstReady?: PromiseWithResolvers<void>): void {
    const number = worker.config.worker;
    worker.startedAt = Date.now();
    worker.child = fork(program, [], { serialization: "advanced", stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const { child } = worker;
    let why = "";
    child.on("message", received => {
      const message = received as FromTurnWorker;
      if (message.type === "ready") {
        log.info("turn worker listens", { worker: number, port: message.port, pid: child.pid });
        hub.started(number, 0);
        firstReady?.resolve();
      } else if (message.type === "status") worker.status = message;
      else if (message.type === "failed") why = message.why;
      else hub.heard(number, message);
    });
    child.once("exit", (code, signal) => {
      worker.status = undefined;
      hub.ended(number);
      firstReady?.reject(new Error(why || `a TURN worker ended with ${signal ?? code}`));
      if (closing) return;
      log.error("turn worker ended", { worker: number, how: signal ?? code, why });
      const pause = Date.now() - worker.startedAt < RESTART_PAUSE ? RESTART_PAUSE : 0;
      setTimeout(() => {
        if (!closing) start(worker);
      }, pause);
    });
    send(worker, { type: "start", config: worker.config });
  }

  async function stop(): Promise<void> {
    if (closing) return;
    closing = true;
    await Promise.all(workers.map(({ child }) => stopChild(child)));
  }

  try {
    await Promise.all(
      configs.map(config => {
        const worker = { config } as Worker;
        const firstReady = Promise.withResolvers<void>();
        workers.push(worker);
        start(worker, firstReady);
        return firstReady.promise;
      }),
    );
  } catch (error) {
    await stop();
    throw error;
  }

  const sum = (read: (status: TurnStatus) => number): number =>
    workers.reduce((all, { status }) => all + (status ? read(status) : 0), 0);
  const drain = (seconds?: number): Promise<void> => {
    hub.drain();
    return untilEmpty(() => sum(({ allocations }) => allocations) === 0, seconds);
  };
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
    drain,
  });
  log.info("turn server up", { port, realm: settings.realm, admin: admin.port });

  const leave = (): Promise<never> => Promise.all([stop(), admin.close()]).then(() => process.exit(0));
  process.on("SIGHUP", hub.reload);
  process.once("SIGINT", () => void leave());
  process.once("SIGTERM", () => {
    // Whoever asks twice means now.
    process.once("SIGTERM", () => void leave());
    void drain(settings["drain-timeout"]).then(leave);
  });
}
