import type { Log } from "../log.ts";
import { openUdp } from "../net/udp-port.ts";
import { announcedAddresses } from "./announced.ts";
import { createMediaWorker, type MediaWorker, type MediaWorkerOptions } from "./media-worker.ts";
import type { WorkerConfig } from "./messages.ts";

/** A media worker on real sockets and the real clock. */
export interface OpenWorker {
  readonly port: number;
  execute(command: Parameters<MediaWorker["execute"]>[0]): Promise<Awaited<ReturnType<MediaWorker["execute"]>>>;
  readonly rooms: MediaWorker["rooms"];
  readonly counters: MediaWorker["counters"];
  /** Idempotent. */
  close(): Promise<void>;
}

export interface OpenWorkerOptions {
  readonly config: Omit<WorkerConfig, "log">;
  readonly log: Log;
  readonly report: MediaWorkerOptions["report"];
}

/** Everything that waits looks at the clock so often (ms), as long as there is a room. */
const TICK = 20;

/** Opens a worker's port. @throws Error with `code` EADDRINUSE when it is taken */
export async function openWorker({ config, log, report }: OpenWorkerOptions): Promise<OpenWorker> {
  // Never steps back, and yet tells the time of day, which sender reports need.
  const { timeOrigin } = performance;
  const clock = (): number => timeOrigin + performance.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  let closed = false;

  const port = await openUdp({
    addresses: config.listen,
    port: config.port,
    onPacket: (bytes, path, now) => worker.receive(bytes, path, timeOrigin + now),
    onBatchEnd: now => worker.endBatch(timeOrigin + now),
  });
  const number = port.locals[0]!.port;
  const worker = createMediaWorker({
    id: config.worker,
    port,
    addresses: announcedAddresses(config.listen, config.announce, number),
    maxBitrate: config.maxBitrate,
    log,
    report,
    now: clock(),
  });

  function arm(): void {
    if (!worker.busy || closed) return;
    timer ??= setInterval(() => {
      worker.tick(clock());
      if (worker.busy) return;
      clearInterval(timer);
      timer = undefined;
    }, TICK);
  }

  return {
    port: number,
    async execute(command) {
      try {
        return await worker.execute(command, clock());
      } finally {
        arm();
      }
    },
    rooms: worker.rooms,
    counters: worker.counters,
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      worker.close(clock());
      await port.close();
    },
  };
}
