import { loadAac } from "../codec/aac.ts";
import { type OpenBotDoor, openBotDoor } from "../gateway/bot/open-door.ts";
import { loadClips } from "../gateway/leg/clips.ts";
import type { LegOrder } from "../gateway/leg/orders.ts";
import { type OpenRtmpDoor, openRtmpDoor } from "../gateway/rtmp/open-door.ts";
import { createRtpHost } from "../gateway/rtp/open-host.ts";
import type { Log } from "../log.ts";
import { createMixLink } from "../mix/mix-link.ts";
import { createTally } from "../session/tally.ts";
import type { TurnConfig, TurnOrder, TurnStatus } from "../turn/config.ts";
import type { TurnNews } from "../turn/news.ts";
import { openCertificate } from "../turn/stream/certificate.ts";
import { announcedAddresses } from "./announced.ts";
import { createMediaWorker, type MediaWorker, type MediaWorkerOptions } from "./media-worker.ts";
import type { DoorConfig, WorkerConfig } from "./messages.ts";
import { openPorts } from "./open-ports.ts";
import { openTurn, type WorkerTurn } from "./open-turn.ts";

/** A media worker on real sockets and the real clock. */
export interface OpenWorker {
  readonly port: number;
  /** Whether the port is there for TCP, too. */
  readonly tcp: boolean;
  /** Where programs come in, if they do. */
  readonly door: string | undefined;
  execute(command: Parameters<MediaWorker["execute"]>[0]): Promise<Awaited<ReturnType<MediaWorker["execute"]>>>;
  obeyLeg(order: LegOrder): ReturnType<MediaWorker["obeyLeg"]>;
  readonly rooms: MediaWorker["rooms"];
  readonly counters: MediaWorker["counters"];
  /** Undefined where TURN is off. */
  turnStatus(): TurnStatus | undefined;
  obeyTurn(order: TurnOrder): void;
  /** Idempotent. */
  close(): Promise<void>;
}

export interface OpenWorkerOptions {
  readonly config: Omit<WorkerConfig, "log">;
  readonly log: Log;
  readonly report: MediaWorkerOptions["report"];
  readonly tellLeg?: MediaWorkerOptions["tellLeg"];
  /** Serves STUN and TURN beside media. `tell` takes news for the other workers. */
  readonly turn?: { readonly config: TurnConfig; readonly tell: (news: TurnNews) => void } | undefined;
}

/** Everything that waits looks at the clock so often (ms), as long as there is a room. */
const TICK = 20;

/** Far ends that a media port knows at once: sessions, and clients of TURN. */
const MAX_PATHS = 32_768;

/** Opens a worker's port. @throws Error with `code` EADDRINUSE when it is taken */
export async function openWorker(options: OpenWorkerOptions): Promise<OpenWorker> {
  const { config, log, report, tellLeg, turn: wanted } = options;
  // Never steps back, and yet tells the time of day, which sender reports need.
  const { timeOrigin } = performance;
  const clock = (): number => timeOrigin + performance.now();
  let timer: ReturnType<typeof setInterval> | undefined;
  let closed = false;

  const { listen, iceTcp } = config;
  // Telephones need ports for their sound.
  const clips = config.rtp && (await loadClips(config.prompts));
  let turn: WorkerTurn | undefined;
  const ports = await openPorts({
    listen,
    port: config.port,
    iceTcp,
    maxPaths: MAX_PATHS,
    ...(wanted && { acceptTurn: socket => (turn ? turn.accept(socket) : socket.destroy()) }),
    timeOrigin,
  });
  let door: OpenBotDoor | undefined;
  let rtmp: OpenRtmpDoor | undefined;
  try {
    turn = wanted && (await openTurn({ ...wanted, ports, receiver: () => worker, timeOrigin, log }));
    door = config.bots && (await openDoor(config.bots, clock, log));
    rtmp = config.rtmp && (await openEncoders(config.rtmp, clock, log));
  } catch (error) {
    door?.close();
    await turn?.close();
    await ports.close();
    throw error;
  }
  const addresses = announcedAddresses(listen, config.announce, ports.number);
  const mixing = createMixLink({ log, now: clock, onNews: () => worker.receiveMixes(clock()) });
  const worker = createMediaWorker({
    id: config.worker,
    mixing,
    gateways: { door, rtmp, clips, hls: config.hls, ...(config.rtp && { rtp: openRtp(config.rtp) }) },
    port: turn?.port ?? ports.udp,
    ...(turn && { turn: turn.entry }),
    addresses: ports.tcp
      ? [...addresses, ...addresses.map(each => ({ ...each, protocol: "tcp" as const }))]
      : addresses,
    maxBitrate: config.maxBitrate,
    log,
    report,
    tellLeg,
    now: clock(),
  });

  ports.attach({
    ...worker,
    endBatch(now) {
      worker.endBatch(now);
      // What goes to relays has to leave the port before what they send to their clients can.
      turn?.port.flush();
    },
  });

  function openRtp(rtp: NonNullable<WorkerConfig["rtp"]>) {
    return createRtpHost({
      ...rtp,
      listen: listen[0]!,
      address: addresses[0]!.address,
      timeOrigin,
      log,
      onBatchEnd(now) {
        worker.endBatch(now);
        // It leaves by the media port, whose own turn this is not.
        (turn?.port ?? ports.udp).flush();
      },
    });
  }

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
    tcp: ports.tcp !== undefined,
    door: door?.url,
    async execute(command) {
      try {
        return await worker.execute(command, clock());
      } finally {
        arm();
      }
    },
    async obeyLeg(order) {
      try {
        return await worker.obeyLeg(order, clock());
      } finally {
        arm();
      }
    },
    rooms: worker.rooms,
    counters() {
      const tally = createTally();
      if (ports.tcp) tally.add("tcp", ports.tcp.counters);
      if (turn) tally.add("turn.local", turn.counters);
      return { ...worker.counters(), ...tally.total(), ...turn?.status().counters };
    },
    turnStatus: () => turn?.status(),
    obeyTurn: order => turn?.obey(order),
    async close() {
      if (closed) return;
      closed = true;
      clearInterval(timer);
      worker.close(clock());
      door?.close();
      rtmp?.close();
      await mixing.close();
      await turn?.close();
      await ports.close();
    },
  };
}

function openDoor(config: DoorConfig, now: () => number, log: Log): Promise<OpenBotDoor> {
  return openBotDoor(doorOptions(config, now, log));
}

async function openEncoders(config: DoorConfig, now: () => number, log: Log): Promise<OpenRtmpDoor> {
  return openRtmpDoor({ ...doorOptions(config, now, log), aac: await loadAac() });
}

function doorOptions({ address, port, url, tls }: DoorConfig, now: () => number, log: Log) {
  const reloaded = (error: Error | undefined): void => {
    if (error) log.error("a certificate can't be used", { port, error: error.message });
  };
  const certificate = tls && openCertificate(tls.cert, tls.key, false, reloaded);
  return {
    ...{ address, port, now, log },
    url: (at: number) => url.replaceAll("{port}", String(at)),
    ...(certificate && {
      secureContext() {
        // Asked so rarely that it may look at the files every time.
        certificate.reload();
        return certificate.context;
      },
    }),
  };
}
