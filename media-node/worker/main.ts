/**
 * A media worker's process: started by the pool with its configuration as one argument, commanded over IPC, over when the
 * channel is.
 * @module
 */
import { TandemError } from "../../src/protocol/index.ts";
import { createLog } from "../log.ts";
import type { FromWorker, ToWorker, WorkerConfig } from "./messages.ts";
import { openWorker } from "./open-worker.ts";

const STATUS_INTERVAL = 1_000;

const config = JSON.parse(process.argv[2] ?? "") as WorkerConfig;
const log = createLog(config.log, { worker: config.worker });
const tell = (message: FromWorker): void => {
  if (process.connected) process.send?.(message);
};

const worker = await openWorker({ config, log, report: frame => tell({ type: "report", frame }) });

async function obey({ id, command }: ToWorker): Promise<void> {
  try {
    const { answer } = await worker.execute(command);
    tell(answer === undefined ? { type: "result", id } : { type: "result", id, answer });
  } catch (error) {
    if (error instanceof TandemError) {
      const { code, detail } = error;
      tell(detail === undefined ? { type: "failure", id, code } : { type: "failure", id, code, detail });
    } else {
      log.error("command failed", { command: command.type, error: error instanceof Error ? error.stack : error });
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

process.on("message", message => void obey(message as ToWorker));
process.once("disconnect", () => void worker.close().finally(() => process.exit(0)));
setInterval(
  () => tell({ type: "status", cpu: cpu(), rooms: worker.rooms(), counters: worker.counters() }),
  STATUS_INTERVAL,
);
tell({ type: "ready", port: worker.port });
