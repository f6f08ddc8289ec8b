/**
 * A TURN worker's process: started by `serve.ts`, told its configuration over IPC, over when the channel is.
 * @module
 */
import { createLog } from "../log.ts";
import type { FromTurnWorker, ToTurnWorker } from "./config.ts";
import { openTurnWorker, type TurnWorker } from "./turn-worker.ts";

const STATUS_INTERVAL = 1_000;

const tell = (message: FromTurnWorker): void => {
  if (process.connected) process.send?.(message);
};

let worker: TurnWorker | undefined;

async function start({ config }: Extract<ToTurnWorker, { type: "start" }>): Promise<void> {
  const log = createLog(config.log, { worker: config.worker });
  try {
    const opened = await openTurnWorker({ config, log, ...(config.workers > 1 && { tell }) });
    worker = opened;
    setInterval(() => tell({ type: "status", ...opened.status() }), STATUS_INTERVAL);
    tell({ type: "ready", port: opened.port, tlsPort: opened.tlsPort });
  } catch (error) {
    tell({ type: "failed", why: error instanceof Error ? error.message : String(error) });
    process.disconnect?.();
  }
}

process.on("message", received => {
  const message = received as ToTurnWorker;
  if (message.type === "start") void start(message);
  else worker?.obey(message);
});
process.once("disconnect", () => void (worker?.close() ?? Promise.resolve()).finally(() => process.exit(0)));
// The main process decides: a terminal's ^C reaches the whole group.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => {});
