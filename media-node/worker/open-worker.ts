import type { Log } from "../log.ts";
import type { AcceptStream } from "../net/tcp-listener.ts";
import { createTally } from "../session/tally.ts";
import { announcedAddresses } from "./announced.ts";
import { createMediaWorker, type MediaWorker, type MediaWorkerOptions } from "./media-worker.ts";
import type { WorkerConfig } from "./messages.ts";
import { openPorts } from "./open-ports.ts";

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
  /** Takes TURN clients that come to the media port by TCP. */
  readonly acceptTurn?: AcceptStream;
}

/** Everything that waits looks at the clock so often (ms), as long as there is a room. */
const TICK = 20;

/** Opens a worker's port. @throws Error with `code` EADDRINUSE when it is taken */
export async function openWorker({ config, log, report, acceptTurn }: OpenWorkerOptions): Promise<OpenWorker> {
  // Never steps back, and yet tells the time of day, which sender reports need.
  const { timeOrigin } = performance;
  const clock = (): number => timeOrigin + performance.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  let closed = false;

  const { listen, iceTcp } = config;
  const ports = await openPorts({ listen, port: config.port, iceTcp, acceptTurn, timeOrigin });
  const addresses = announcedAddresses(listen, config.announce, ports.number);
  const worker = createMediaWorker({
    id: config.worker,
    port: ports.udp,
    addresses: ports.tcp
      ? [...addresses, ...addresses.map(each => ({ ...each, protocol: "tcp" as const }))]
      : addresses,
    maxBitrate: config.maxBitrate,
    log,
    report,
    now: clock(),
  });

  ports.attach(worker);

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
    port: ports.number,
    async execute(command) {
      try {
        return await worker.execute(command, clock());
      } finally {
        arm();
      }
    },
    rooms: worker.rooms,
    counters() {
      if (!ports.tcp) return worker.counters();
      const tally = createTally();
      tally.add("tcp", ports.tcp.counters);
      return { ...worker.counters(), ...tally.total() };
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      worker.close(clock());
      await ports.close();
    },
  };
}
