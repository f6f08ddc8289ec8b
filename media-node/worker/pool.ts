/**
 * The media workers, seen from the main process: one child process per core, each room in one of them. A crash ends only
 * that worker's rooms; they are reported lost, and the worker is replaced.
 * @module
 */
import { type Assignment, type LinkCommand, type NodeFrame, TandemError } from "../../src/protocol/index.ts";
import type { Log } from "../log.ts";
import type { TurnConfig } from "../turn/config.ts";
import { createTurnHub, type TurnHub } from "../turn/hub.ts";
import type { Counters, Outcome, WorkerConfig } from "./messages.ts";
import { createPoolLegs, type PoolLegs } from "./pool-legs.ts";
import { createWorkerProcess, type WorkerProcess } from "./worker-process.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;
type Inventory = Frame<"inventory">["rooms"][number];

/** How long a new room waits for a worker that is being started. */
const START_PATIENCE = 1_500;

/** What a command that went well says; where a room was opened, the TURN servers beside it, too. */
export interface Result extends Outcome {
  readonly turn?: readonly string[];
}

interface Room extends Assignment {
  readonly worker: WorkerProcess;
}

export interface PoolOptions {
  readonly workers: readonly WorkerConfig[];
  readonly log: Log;
  /** Told what the room objects must know. */
  readonly report: (frame: Frame<"session"> | Frame<"lost">) => void;
  /** Absent: TURN is off. */
  readonly turn?: {
    /** One for each worker. */
    readonly configs: readonly TurnConfig[];
    /** The URLs of a worker's own port. */
    readonly urls: (port: number, tcp: boolean) => readonly string[];
  };
}

export interface Pool {
  /** Resolves once every worker listens. */
  readonly ready: Promise<void>;
  execute(command: LinkCommand): Promise<Result>;
  /** The legs of calls. */
  readonly legs: PoolLegs;
  /** What holds for the TURN servers of all workers. */
  readonly turn: TurnHub;
  /** Let go of every room that is not among these. */
  keep(assignments: readonly Assignment[]): void;
  inventory(): readonly Inventory[];
  /** Media ports of the workers that are up. */
  ports(): readonly number[];
  /** Cores in use by all workers, and how many there are; relays and TURN connections among what they carry. */
  load(): { cpu: number; workers: number; rooms: number; sessions: number; allocations: number; connections: number };
  counters(): Counters;
  close(): Promise<void>;
}

/** Start the workers. */
export function createPool({ workers: configs, log, report, turn }: PoolOptions): Pool {
  const rooms = new Map<string, Room>();
  const awaitingReady = new Set<() => void>();
  let closing = false;
  const firstReady = configs.map(() => Promise.withResolvers<void>());

  const hub = createTurnHub(
    (number, order) => {
      if (turn) workers[number]?.tell({ type: "turn", order });
    },
    () => Date.now() / 1_000,
  );

  const lose = (worker: WorkerProcess): void => {
    for (const room of [...rooms.values()]) {
      if (room.worker !== worker) continue;
      rooms.delete(room.room);
      report({ type: "lost", room: room.room, life: room.life, epoch: room.epoch });
    }
  };

  const workers = configs.map((config, number): WorkerProcess => {
    const worker = createWorkerProcess({
      config,
      turn: turn?.configs[number],
      log,
      onReady(port) {
        hub.started(number, port);
        for (const resolve of awaitingReady) resolve();
        firstReady[number]?.resolve();
      },
      onMessage(message) {
        if (message.type === "report") report(message.frame);
        else if (message.type === "leg") legs.heard(message.news);
        else hub.heard(number, message.news);
      },
      onEnd() {
        hub.ended(number);
        legs.workerEnded(number);
        if (!closing) lose(worker);
      },
    });
    return worker;
  });

  /** Resolves when a worker is up, which after a crash takes a moment. */
  const anyReady = async (): Promise<void> => {
    if (workers.some(({ ready }) => ready)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    awaitingReady.add(resolve);
    const timer = setTimeout(resolve, START_PATIENCE);
    await promise;
    clearTimeout(timer);
    awaitingReady.delete(resolve);
  };

  /** The worker with the most idle core; of those about as idle the one with the fewest rooms. */
  const idlest = (): WorkerProcess => {
    const held = (worker: WorkerProcess): number => [...rooms.values()].filter(room => room.worker === worker).length;
    const tenths = ({ status }: WorkerProcess): number => Math.round(status.cpu * 10);
    const [best] = workers.filter(({ ready }) => ready).sort((a, b) => tenths(a) - tenths(b) || held(a) - held(b));
    if (!best) throw new TandemError("no-media-node", "no media worker is up");
    return best;
  };

  const letGo = (room: Room): void => {
    rooms.delete(room.room);
    if (!room.worker.ready) return;
    const { room: name, life, epoch } = room;
    room.worker
      .ask({ command: { type: "room.close", id: 1, room: name, life, epoch } })
      .catch(error => log.warn("closing a room failed", { room: name, error: String(error) }));
  };

  const legs = createPoolLegs({
    async ask(number, order) {
      const { leg } = await workers[number]!.ask({ order });
      return leg;
    },
    pick: () => idlest().number,
    workerOf({ room, life, epoch }) {
      const held = rooms.get(room);
      return held?.life === life && held.epoch === epoch ? held.worker.number : undefined;
    },
  });

  return {
    ready: Promise.all(firstReady.map(({ promise }) => promise)).then(() => {}),

    async execute(command) {
      const { room, life, epoch } = command;
      let held = rooms.get(room);
      if (held && (held.life !== life || held.epoch < epoch)) {
        // A newer assignment: whatever stood under the old one is over.
        letGo(held);
        held = undefined;
      }
      if (held && held.epoch > epoch) throw new TandemError("wrong-state", "a newer epoch is known");
      if (command.type === "room.close") {
        if (held) letGo(held);
        return {};
      }
      if (!held) {
        if (command.type !== "room.open") throw new TandemError("no-such-room");
        await anyReady();
        held = { room, life, epoch, worker: idlest() };
        rooms.set(room, held);
      }
      const result = await held.worker.ask({ command });
      const { ready } = held.worker;
      const urls = (command.type === "room.open" && ready && turn?.urls(ready.port, ready.tcp)) || [];
      return urls.length > 0 ? { ...result, turn: [...urls] } : result;
    },
    legs,
    turn: hub,
    ports: () => workers.flatMap(({ ready }) => ready?.port ?? []),

    keep(assignments) {
      const wanted = new Map(assignments.map(({ room, life, epoch }) => [room, `${life} ${epoch}`]));
      for (const room of [...rooms.values()]) if (wanted.get(room.room) !== `${room.life} ${room.epoch}`) letGo(room);
    },

    inventory: () =>
      [...rooms.values()].map(({ room, life, epoch, worker }) => ({
        room,
        life,
        epoch,
        sessions: worker.status.rooms.find(known => known.room === room && known.epoch === epoch)?.sessions ?? [],
      })),

    load: () => ({
      cpu: workers.reduce((sum, { status }) => sum + status.cpu, 0),
      workers: workers.length,
      rooms: rooms.size,
      sessions: workers.reduce(
        (sum, { status }) => sum + status.rooms.reduce((all, { sessions }) => all + sessions.length, 0),
        0,
      ),
      allocations: workers.reduce((sum, { status }) => sum + (status.turn?.allocations ?? 0), 0),
      connections: workers.reduce((sum, { status }) => sum + (status.turn?.connections ?? 0), 0),
    }),

    counters() {
      const total: Record<string, number> = {};
      for (const { status } of workers) {
        for (const [name, count] of Object.entries(status.counters)) total[name] = (total[name] ?? 0) + count;
      }
      return total;
    },

    async close() {
      if (closing) return;
      closing = true;
      await Promise.all(workers.map(worker => worker.close()));
    },
  };
}
