import { createCertificate, type DtlsCertificate } from "../dtls/certificate.ts";
import { createHandshakeBudget } from "../dtls/handshake-budget.ts";
import { createFlushList } from "../forward/flush-list.ts";
import { createLegs } from "../gateway/leg/legs.ts";
import type { LegNews, LegOrder } from "../gateway/leg/orders.ts";
import { NO_RTP } from "../gateway/rtp/leg.ts";
import { hostCandidates, type IceAddress } from "../ice/candidate.ts";
import type { Log } from "../log.ts";
import { type MixHost, NO_MIXING } from "../mix/mix-host.ts";
import type { UdpPort } from "../net/udp-port.ts";
import { createSessionCounters } from "../session/counters.ts";
import type { Session } from "../session/session-contract.ts";
import { createTally } from "../session/tally.ts";
import { createDemultiplexer, type TurnEntry } from "./demultiplexer.ts";
import type { Counters, FromWorker } from "./messages.ts";
import type { Gateways } from "./room-gateways.ts";
import { createRooms, type Rooms } from "./rooms.ts";
import { createRunSink } from "./run-sink.ts";

type Status = Extract<FromWorker, { type: "status" }>;
type Report = Extract<FromWorker, { type: "report" }>;

/** What a worker uses of its UDP port. */
export type PacketPort = Pick<
  UdpPort,
  "slab" | "reserve" | "commit" | "commitRun" | "flush" | "retain" | "release" | "addressOf" | "portOf" | "counters"
>;

export interface MediaWorkerOptions {
  /** Its number, which stands in every ICE ufrag it makes. */
  readonly id: number;
  readonly port: PacketPort;
  /** Serves STUN and TURN on the port; absent: nobody does. */
  readonly turn?: TurnEntry;
  /** Makes the mixes of its rooms; absent: there are none. */
  readonly mixing?: MixHost;
  /** Absent: those are off. */
  readonly gateways?: Partial<Gateways>;
  /** Where clients reach the port, the most preferred first. */
  readonly addresses: readonly IceAddress[];
  /** Ceiling of what one publisher is asked to send, in bit/s. */
  readonly maxBitrate: number;
  readonly log: Log;
  readonly report: (frame: Report["frame"]) => void;
  /** Told of calls' legs; absent: there are none. */
  readonly tellLeg?: ((news: LegNews) => void) | undefined;
  readonly now: number;
}

/**
 * A media worker without its sockets and timers: datagrams, commands and times in, datagrams and reports out. All times
 * are milliseconds since 1970 of one clock that never steps back.
 */
export interface MediaWorker {
  /** Takes a datagram, whose bytes are not kept. */
  receive(bytes: Uint8Array, path: number, now: number): void;
  /** Takes a packet that came another way, in bytes that may be written to. */
  receiveInPlace(bytes: Buffer, offset: number, length: number, path: number, now: number): void;
  /** Nothing can come or go on a path any more. */
  pathClosed(path: number, now: number): void;
  /** Mixers have something for rooms. */
  receiveMixes(now: number): void;
  /** To be called when all datagrams of a turn were received: what is to be sent is then in the port. */
  endBatch(now: number): void;
  /** Carries a command out. @throws TandemError (or rejects with one) that says why it can't be done */
  execute(command: Parameters<Rooms["execute"]>[0], now: number): ReturnType<Rooms["execute"]>;
  /** Does the same for an order about a call's leg. */
  obeyLeg(order: LegOrder, now: number): Promise<Awaited<ReturnType<Rooms["execute"]>>>;
  /** Whether there is anything that {@link tick} is for. */
  readonly busy: boolean;
  /** Does what is due. To be called every 20 ms while busy. */
  tick(now: number): void;
  rooms(): Status["rooms"];
  counters(): Counters;
  close(now: number): void;
}

/** A certificate is replaced for new sessions so long (ms) before it expires. */
const RENEWAL = 86_400_000;

export function createMediaWorker(options: MediaWorkerOptions): MediaWorker {
  const { id, port, addresses, maxBitrate, log, report, mixing = NO_MIXING, tellLeg = () => {} } = options;
  const gateways = { rtp: NO_RTP, ...options.gateways };
  const sessionCounters = createSessionCounters();
  const flushes = createFlushList();
  let awake: Session[] = [];
  let asleep: Session[] = [];
  let certificate = createCertificate({ unixTime: options.now });
  let clock = options.now;

  const demultiplexer = createDemultiplexer(sessionCounters, port, options.turn);
  const handshakes = createHandshakeBudget();
  function currentCertificate(): DtlsCertificate {
    if (clock > certificate.expiresAt - RENEWAL) certificate = createCertificate({ unixTime: clock });
    return certificate;
  }

  const rooms = createRooms({
    report,
    log,
    mixing,
    gateways,
    host: {
      workerId: id,
      get certificate() {
        return currentCertificate();
      },
      handshakes,
      counters: sessionCounters,
      candidates: hostCandidates(addresses),
      maxBitrate,
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

  const legs = createLegs({
    ...{ rtp: gateways.rtp, clips: gateways.clips, mixing, tell: tellLeg, log },
    certificate: currentCertificate,
    handshakes,
    async join(leg, order, now) {
      await rooms.join(order, order.pid, leg, now);
    },
  });

  /** What clients must know, then media: both leave in this turn. */
  function flush(now: number): void {
    const waiting = awake;
    awake = asleep;
    for (const session of waiting) session.flush(now);
    waiting.length = 0;
    asleep = waiting;
    flushes.flush(now);
  }

  /** A defect of ours ends the session that met it, not its neighbours. */
  function evict(error: unknown, now: number): void {
    const session = demultiplexer.current;
    if (session === undefined) throw error;
    rooms.evict(session, error, now);
  }

  return {
    receive(bytes, path, now) {
      clock = now;
      try {
        demultiplexer.receive(bytes, path, now);
      } catch (error) {
        evict(error, now);
      }
    },
    receiveInPlace(bytes, offset, length, path, now) {
      clock = now;
      try {
        demultiplexer.receiveInPlace(bytes, offset, length, path, now);
      } catch (error) {
        evict(error, now);
      }
    },
    pathClosed(path, now) {
      clock = now;
      demultiplexer.pathClosed(path);
    },
    receiveMixes(now) {
      clock = now;
      mixing.drain(now);
      flush(now);
      port.flush();
    },
    endBatch: flush,
    execute(command, now) {
      clock = now;
      try {
        return rooms.execute(command, now);
      } finally {
        flush(now);
        port.flush();
      }
    },
    async obeyLeg(order, now) {
      clock = now;
      const place = await legs.obey(order, now);
      return place ? { leg: place } : {};
    },
    get busy() {
      return rooms.size > 0 || legs.size > 0;
    },
    tick(now) {
      clock = now;
      rooms.tick(now);
      legs.tick(now);
      flush(now);
      port.flush();
    },
    rooms: () => rooms.inventory(),
    counters() {
      const tally = createTally();
      tally.add("udp", port.counters);
      tally.add("mix", mixing.counters());
      rooms.count(tally);
      legs.count(tally);
      return { ...sessionCounters, ...tally.total() };
    },
    close(now) {
      legs.close(now);
      rooms.close(now);
      port.flush();
    },
  };
}
