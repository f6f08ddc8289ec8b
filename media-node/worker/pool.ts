/**
 * The media workers, seen from the main process: one child process per core, each room in one of them. A crash ends only
 * that worker's rooms; they are reported lost, and the worker is replaced.
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import {
  type Assignment,
  isErrorCode,
  type LinkCommand,
  type NodeFrame,
  TandemError,
} from "../../src/protocol/index.ts";
import type { LegOrder } from "../gateway/leg/orders.ts";
import type { Log } from "../log.ts";
import { stopChild } from "../stop-child.ts";
import type { TurnConfig } from "../turn/config.ts";
import { createTurnHub, type TurnHub } from "../turn/hub.ts";
import type { Counters, FromWorker, Outcome, ToWorker, WorkerConfig } from "./messages.ts";
import { createPoolLegs, type PoolLegs } from "./pool-legs.ts";

type Frame<T extends NodeFrame["type"]> = Extract<NodeFrame, { type: T }>;
type Inventory = Frame<"inventory">["rooms"][number];

/** A worker that dies sooner than this after its start is not started again at once. */
const RESTART_PAUSE = 1_000;
/** How long a new room waits for a worker that is being started. */
const START_PATIENCE = 1_500;
/** A command that a worker has not answered by then has failed. */
const COMMAND_TIMEOUT = 4_000;

/** What a command that went well says; where a room was opened, the TURN servers beside it, too. */
export interface Result extends Outcome {
  readonly turn?: readonly string[];
}

interface Worker {
  readonly config: WorkerConfig;
  child: ChildProcess;
  ready: boolean;
  /** Where it listens, when it is ready. */
  port: number;
  tcp: boolean;
  turn: { readonly allocations: number; readonly connections: number } | undefined;
  startedAt: number;
  cpu: number;
  rooms: readonly Inventory[];
  counters: Counters;
  readonly waiting: Map<number, { resolve: (result: Result) => void; reject: (error: Error) => void }>;
}

interface Room extends Assignment {
  readonly worker: Worker;
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

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** Start the workers. */
export function createPool({ workers: configs, log, report, turn }: PoolOptions): Pool {
  const rooms = new Map<string, Room>();
  const awaitingReady = new Set<() => void>();
  const restarts = new Set<ReturnType<typeof setTimeout>>();
  let commands = 0;
  let closing = false;
  const firstReady = configs.map(() => Promise.withResolvers<void>());

  const hub = createTurnHub(
    (number, order) => {
      const worker = workers[number];
      if (turn && worker?.child.connected) worker.child.send({ type: "turn", order } satisfies ToWorker);
    },
    () => Date.now() / 1_000,
  );

  const receive = (worker: Worker, message: FromWorker): void => {
    if (message.type === "ready") {
      worker.ready = true;
      worker.port = message.port;
      worker.tcp = message.tcp;
      hub.started(worker.config.worker, message.port);
      for (const resolve of awaitingReady) resolve();
      firstReady[worker.config.worker]?.resolve();
      log.info("media worker listens", { worker: worker.config.worker, port: message.port, pid: worker.child.pid });
    } else if (message.type === "report") {
      report(message.frame);
    } else if (message.type === "leg") {
      legs.heard(message.news);
    } else if (message.type === "turn") {
      hub.heard(worker.config.worker, message.news);
    } else if (message.type === "status") {
      worker.turn = message.turn;
      worker.cpu = message.cpu;
      worker.rooms = message.rooms;
      worker.counters = message.counters;
    } else {
      const waiter = worker.waiting.get(message.id);
      worker.waiting.delete(message.id);
      if (message.type === "result") {
        const { type: _, id: __, ...outcome } = message;
        waiter?.resolve(outcome);
      } else waiter?.reject(new TandemError(isErrorCode(message.code) ? message.code : "internal", message.detail));
    }
  };

  const ended = (worker: Worker, how: string): void => {
    worker.ready = false;
    hub.ended(worker.config.worker);
    legs.workerEnded(worker.config.worker);
    worker.turn = undefined;
    worker.cpu = 0;
    worker.rooms = [];
    for (const { reject } of worker.waiting.values()) reject(new TandemError("internal", "the media worker ended"));
    worker.waiting.clear();
    if (closing) return;
    log.error("media worker ended", { worker: worker.config.worker, how });
    for (const room of [...rooms.values()]) {
      if (room.worker !== worker) continue;
      rooms.delete(room.room);
      report({ type: "lost", room: room.room, life: room.life, epoch: room.epoch });
    }
    const pause = Date.now() - worker.startedAt < RESTART_PAUSE ? RESTART_PAUSE : 0;
    const timer = setTimeout(() => {
      restarts.delete(timer);
      worker.child = start(worker);
    }, pause);
    restarts.add(timer);
  };

  const start = (worker: Omit<Worker, "child"> & { child?: ChildProcess }): ChildProcess => {
    worker.startedAt = Date.now();
    const child = fork(program, [JSON.stringify(worker.config)], {
      serialization: "advanced",
      // The packet path calls the runtime's own library; that the interface is experimental is known and pinned.
      execArgv: process.versions.bun ? [] : ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    const config = turn?.configs[worker.config.worker];
    if (config) child.send({ type: "turn.start", config } satisfies ToWorker);
    child.on("message", message => receive(worker as Worker, message as FromWorker));
    child.once("exit", (code, signal) => ended(worker as Worker, signal ?? String(code)));
    return child;
  };

  const workers = configs.map(config => {
    const worker = {
      config: turn ? { ...config, turn: true as const } : config,
      ...{ ready: false, port: 0, tcp: false, turn: undefined, startedAt: 0 },
      ...{ cpu: 0, rooms: [], counters: {}, waiting: new Map() },
    };
    return Object.assign(worker, { child: start(worker) }) as Worker;
  });

  const ask = (
    worker: Worker,
    what: { readonly command: LinkCommand } | { readonly order: LegOrder },
  ): Promise<Result> =>
    new Promise((resolve, reject) => {
      if (!worker.child.connected) {
        reject(new TandemError("internal", "the media worker ended"));
        return;
      }
      const id = ++commands;
      const timer = setTimeout(() => {
        worker.waiting.delete(id);
        reject(new TandemError("internal", "the media worker did not answer"));
      }, COMMAND_TIMEOUT);
      const settle =
        <T>(pass: (value: T) => void) =>
        (value: T) => {
          clearTimeout(timer);
          pass(value);
        };
      worker.waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
      worker.child.send(
        ("order" in what ? { type: "leg", id, ...what } : { type: "command", id, ...what }) satisfies ToWorker,
      );
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
  const idlest = (): Worker => {
    const held = (worker: Worker): number => [...rooms.values()].filter(room => room.worker === worker).length;
    const tenths = ({ cpu }: Worker): number => Math.round(cpu * 10);
    const [best] = workers.filter(({ ready }) => ready).sort((a, b) => tenths(a) - tenths(b) || held(a) - held(b));
    if (!best) throw new TandemError("no-media-node", "no media worker is up");
    return best;
  };

  const letGo = (room: Room): void => {
    rooms.delete(room.room);
    if (!room.worker.ready) return;
    const { room: name, life, epoch } = room;
    ask(room.worker, { command: { type: "room.close", id: 1, room: name, life, epoch } }).catch(error =>
      log.warn("closing a room failed", { room: name, error: String(error) }),
    );
  };

  const legs = createPoolLegs({
    async ask(number, order) {
      const { leg } = await ask(workers[number]!, { order });
      return leg;
    },
    pick: () => idlest().config.worker,
    workerOf({ room, life, epoch }) {
      const held = rooms.get(room);
      return held?.life === life && held.epoch === epoch ? held.worker.config.worker : undefined;
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
      const result = await ask(held.worker, { command });
      const { port, tcp } = held.worker;
      const urls = command.type === "room.open" ? (turn?.urls(port, tcp) ?? []) : [];
      return urls.length > 0 ? { ...result, turn: [...urls] } : result;
    },
    legs,
    turn: hub,
    ports: () => workers.filter(({ ready }) => ready).map(({ port }) => port),

    keep(assignments) {
      const wanted = new Map(assignments.map(({ room, life, epoch }) => [room, `${life} ${epoch}`]));
      for (const room of [...rooms.values()]) if (wanted.get(room.room) !== `${room.life} ${room.epoch}`) letGo(room);
    },

    inventory: () =>
      [...rooms.values()].map(({ room, life, epoch, worker }) => ({
        room,
        life,
        epoch,
        sessions: worker.rooms.find(status => status.room === room && status.epoch === epoch)?.sessions ?? [],
      })),

    load: () => ({
      cpu: workers.reduce((sum, { cpu }) => sum + cpu, 0),
      workers: workers.length,
      rooms: rooms.size,
      sessions: workers.reduce(
        (sum, worker) => sum + worker.rooms.reduce((all, { sessions }) => all + sessions.length, 0),
        0,
      ),
      allocations: workers.reduce((sum, worker) => sum + (worker.turn?.allocations ?? 0), 0),
      connections: workers.reduce((sum, worker) => sum + (worker.turn?.connections ?? 0), 0),
    }),

    counters() {
      const total: Record<string, number> = {};
      for (const { counters } of workers) {
        for (const [name, count] of Object.entries(counters)) total[name] = (total[name] ?? 0) + count;
      }
      return total;
    },

    async close() {
      if (closing) return;
      closing = true;
      for (const timer of restarts) clearTimeout(timer);
      await Promise.all(workers.map(({ child }) => stopChild(child)));
    },
  };
}
