import { createCertificate } from "../dtls/certificate.ts";
import { createHandshakeBudget } from "../dtls/handshake-budget.ts";
import { createFlushList } from "../forward/flush-list.ts";
import { hostCandidates } from "../ice/candidate.ts";
import type { Log } from "../log.ts";
import { openUdp, type UdpPort } from "../net/udp-port.ts";
import { createSessionCounters } from "../session/counters.ts";
import type { Session } from "../session/session.ts";
import { announcedAddresses } from "./announced.ts";
import { createDemultiplexer } from "./demultiplexer.ts";
import type { Counters, FromWorker, WorkerConfig } from "./messages.ts";
import { createRooms, type Rooms } from "./rooms.ts";
import { createRunSink } from "./run-sink.ts";

type Status = Extract<FromWorker, { type: "status" }>;
type Report = Extract<FromWorker, { type: "report" }>;

export interface MediaWorkerOptions {
  readonly config: WorkerConfig;
  readonly log: Log;
  readonly report: (frame: Report["frame"]) => void;
}

/** A media worker: one UDP port, its sessions, their rooms. */
export interface MediaWorker {
  readonly port: number;
  execute(command: Parameters<Rooms["execute"]>[0]): ReturnType<Rooms["execute"]>;
  rooms(): Status["rooms"];
  counters(): Counters;
  close(): Promise<void>;
}

/** Everything that waits looks at the clock so often (ms), as long as there is a room. */
const TICK = 20;
/** A certificate is replaced for new sessions so long (ms) before it expires. */
const RENEWAL = 86_400_000;

/** Opens a worker's port. @throws Error with `code` EADDRINUSE when it is taken */
export async function openMediaWorker({ config, log, report }: MediaWorkerOptions): Promise<MediaWorker> {
  // Monotonic like performance.now(), and yet milliseconds since 1970, which sender reports must tell.
  const { timeOrigin } = performance;
  const clock = (): number => timeOrigin + performance.now();
  const sessionCounters = createSessionCounters();
  const flushes = createFlushList();
  let awake: Session[] = [];
  let asleep: Session[] = [];
  let certificate = createCertificate({ unixTime: clock() });
  let timer: ReturnType<typeof setInterval> | undefined;
  let closed = false;

  const demultiplexer = createDemultiplexer(sessionCounters, () => port);
  const port: UdpPort = await openUdp({
    addresses: config.listen,
    port: config.port,
    onPacket: (bytes, path, now) => demultiplexer.receive(bytes, path, timeOrigin + now),
    onBatchEnd: now => flush(timeOrigin + now),
  });
  const number = port.locals[0]!.port;

  const rooms = createRooms({
    report,
    log,
    host: {
      workerId: config.worker,
      get certificate() {
        const now = clock();
        if (now > certificate.expiresAt - RENEWAL) certificate = createCertificate({ unixTime: now });
        return certificate;
      },
      handshakes: createHandshakeBudget(),
      counters: sessionCounters,
      candidates: hostCandidates(announcedAddresses(config.listen, config.announce, number)),
      maxBitrate: config.maxBitrate,
      runs: createRunSink(port),
      flushes,
      send(path, bytes, offset, length) {
        const at = port.reserve(length);
        port.slab.set(bytes.subarray(offset, offset + length), at);
        port.commit(path, length);
      },
      addUfrag: demultiplexer.addUfrag,
      removeUfrag: demultiplexer.removeUfrag,
      claim: demultiplexer.claim,
      release: demultiplexer.release,
      wake: session => awake.push(session),
    },
  });
  demultiplexer.onDefect((session, error) => rooms.evict(session, error, clock()));

  /** What clients must know, then media: both leave in this turn. */
  function flush(now: number): void {
    const waiting = awake;
    awake = asleep;
    for (const session of waiting) session.flush(now);
    waiting.length = 0;
    asleep = waiting;
    flushes.flush(now);
  }

  function tick(): void {
    const now = clock();
    rooms.tick(now);
    flush(now);
    port.flush();
    if (rooms.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  }

  return {
    port: number,
    execute(command) {
      const now = clock();
      try {
        return rooms.execute(command, now);
      } finally {
        if (rooms.size > 0) timer ??= setInterval(tick, TICK);
        flush(now);
        port.flush();
      }
    },
    rooms: () => rooms.inventory(),
    counters() {
      const total: Record<string, number> = { ...sessionCounters };
      const add = (name: string, count: number): void => {
        total[name] = (total[name] ?? 0) + count;
      };
      for (const [name, count] of Object.entries(port.counters)) add(`udp.${name}`, count);
      rooms.count(add);
      return total;
    },
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      rooms.close(clock());
      port.flush();
      await port.close();
    },
  };
}
