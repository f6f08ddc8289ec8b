/**
 * A media worker's process: started by the pool with its configuration as one argument (but for TURN's, which holds secrets
 * and comes as the first message), commanded over IPC, over when the channel is.
 * @module
 */
import { TandemError } from "../../src/protocol/index.ts";
import { createLog } from "../log.ts";
import type { TurnConfig } from "../turn/config.ts";
import type { FromWorker, ToWorker, WorkerConfig } from "./messages.ts";
import { type OpenWorker, openWorker } from "./open-worker.ts";

const STATUS_INTERVAL = 1_000;

const config = JSON.parse(process.argv[2] ?? "") as WorkerConfig;
const log = createLog(config.log, { worker: config.worker });
const tell = (message: FromWorker): void => {
  if (process.connected) process.send?.(message);
};

let worker: OpenWorker | undefined;
const turnConfig = Promise.withResolvers<TurnConfig>();

async function execute(worker: OpenWorker, message: Extract<ToWorker, { type: "command" | "leg" }>): Promise<void> {
  const { id } = message;
  try {
    const carriedOut = message.type === "leg" ? worker.obeyLeg(message.order) : worker.execute(message.command);
    tell({ type: "result", id, ...(await carriedOut) });
  } catch (error) {
    if (error instanceof TandemError) {
      const { code, detail } = error;
      tell(detail === undefined ? { type: "failure", id, code } : { type: "failure", id, code, detail });
    } else {
      const { type } = message.type === "leg" ? message.order : message.command;
      log.error("command failed", { command: type, error: error instanceof Error ? error.stack : error });
      tell({ type: "failure", id, code: "internal" });
    }
  }
}

let used = process.cpuUsage();
let usedAt = performance.now();
/** CPU in use since the last call, in cores. */
function cpu(): number {
  const { user, system } = process.cpuUsage(used);
  const now = performance.now();
  const cores = (user + system) / 1000 / (now - usedAt);
  used = process.cpuUsage();
  usedAt = now;
  return cores;
}

function status(worker: OpenWorker): FromWorker {
  const turn = worker.turnStatus();
  const all = { type: "status", cpu: cpu(), rooms: worker.rooms(), counters: worker.counters() } as const;
  if (!turn) return all;
  const { allocations, connections } = turn;
  return { ...all, turn: { allocations, connections } };
}

process.on("message", received => {
  const message = received as ToWorker;
  if (message.type === "turn.start") turnConfig.resolve(message.config);
  else if (message.type === "turn") worker?.obeyTurn(message.order);
  else if (worker) void execute(worker, message);
});
process.once("disconnect", () => void (worker?.close() ?? Promise.resolve()).finally(() => process.exit(0)));
// The main process decides: a signal to the whole group must not end calls that are to be drained.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});

const opened = await openWorker({
  config,
  log,
  report: frame => tell({ type: "report", frame }),
  tellLeg: news => tell({ type: "leg", news }),
  ...(config.turn && { turn: { config: await turnConfig.promise, tell: news => tell({ type: "turn", news }) } }),
});
worker = opened;
setInterval(() => tell(status(opened)), STATUS_INTERVAL);
tell({ type: "ready", port: opened.port, tcp: opened.tcp });
