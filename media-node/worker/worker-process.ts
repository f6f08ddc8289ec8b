/**
 * A media worker, seen from the main process: a child that is told and asked things, and started again when it ends.
 * @module
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { isErrorCode, type LinkCommand, TandemError } from "../../src/protocol/index.ts";
import type { LegOrder } from "../gateway/leg/orders.ts";
import type { Log } from "../log.ts";
import { stopChild } from "../stop-child.ts";
import type { TurnConfig } from "../turn/config.ts";
import type { FromWorker, Outcome, ToWorker, WorkerConfig } from "./messages.ts";

type Message<T extends FromWorker["type"]> = Extract<FromWorker, { type: T }>;
type Status = Omit<Message<"status">, "type">;

/** A worker that dies sooner than this after its start is not started again at once. */
const RESTART_PAUSE = 1_000;
/** A command that a worker has not answered by then has failed. */
const COMMAND_TIMEOUT = 4_000;

export interface WorkerProcess {
  readonly number: number;
  /** Where it listens; undefined while it doesn't. */
  readonly ready: { readonly port: number; readonly tcp: boolean } | undefined;
  /** What it said of itself last; nothing of one that has ended. */
  readonly status: Status;
  /** Tells it something; lost where it has ended. */
  tell(message: ToWorker): void;
  /** @throws (rejects with) TandemError: what the worker answers, or `internal` where it does not */
  ask(what: { readonly command: LinkCommand } | { readonly order: LegOrder }): Promise<Outcome>;
  /** Idempotent; it is not started again. */
  close(): Promise<void>;
}

export interface WorkerProcessOptions {
  readonly config: WorkerConfig;
  /** Absent: it serves no TURN. */
  readonly turn: TurnConfig | undefined;
  readonly log: Log;
  readonly onReady: (port: number) => void;
  readonly onMessage: (message: Message<"report" | "turn" | "leg">) => void;
  /** It has ended, and with it all that it held; what was asked of it fails next. */
  readonly onEnd: () => void;
}

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** Start a worker. */
export function createWorkerProcess(options: WorkerProcessOptions): WorkerProcess {
  const { turn, log, onReady, onMessage, onEnd } = options;
  const config: WorkerConfig = turn ? { ...options.config, turn: true } : options.config;
  const number = config.worker;
  const waiting = new Map<number, { resolve: (result: Outcome) => void; reject: (error: Error) => void }>();
  let lastId = 0;
  let ready: WorkerProcess["ready"];
  let status: Status = { cpu: 0, rooms: [], counters: {} };
  let startedAt = 0;
  let restart: ReturnType<typeof setTimeout> | undefined;
  let isClosing = false;
  let child = start();

  function receive(message: FromWorker): void {
    switch (message.type) {
      case "ready":
        ready = { port: message.port, tcp: message.tcp };
        log.info("media worker listens", { worker: number, port: message.port, pid: child.pid });
        onReady(message.port);
        return;
      case "status":
        status = message;
        return;
      case "result": {
        const { type: _, id, ...outcome } = message;
        take(id)?.resolve(outcome);
        return;
      }
      case "failure":
        take(message.id)?.reject(
          new TandemError(isErrorCode(message.code) ? message.code : "internal", message.detail),
        );
        return;
      default:
        onMessage(message);
    }
  }

  function take(id: number) {
    const waiter = waiting.get(id);
    waiting.delete(id);
    return waiter;
  }

  function ended(how: string): void {
    ready = undefined;
    // What it has counted stays counted.
    status = { cpu: 0, rooms: [], counters: status.counters };
    if (!isClosing) log.error("media worker ended", { worker: number, how });
    onEnd();
    for (const { reject } of waiting.values()) reject(new TandemError("internal", "the media worker ended"));
    waiting.clear();
    if (isClosing) return;
    restart = setTimeout(
      () => {
        child = start();
      },
      Date.now() - startedAt < RESTART_PAUSE ? RESTART_PAUSE : 0,
    );
  }

  function start(): ChildProcess {
    startedAt = Date.now();
    const started = fork(program, [JSON.stringify(config)], {
      serialization: "advanced",
      // The packet path calls the runtime's own library; that the interface is experimental is known and pinned.
      execArgv: process.versions.bun ? [] : ["--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    if (turn) started.send({ type: "turn.start", config: turn } satisfies ToWorker);
    started.on("message", message => receive(message as FromWorker));
    started.once("exit", (code, signal) => ended(signal ?? String(code)));
    return started;
  }

  return {
    number,
    get ready() {
      return ready;
    },
    get status() {
      return status;
    },
    tell(message) {
      if (child.connected) child.send(message);
    },
    ask(what) {
      return new Promise((resolve, reject) => {
        if (!child.connected) {
          reject(new TandemError("internal", "the media worker ended"));
          return;
        }
        const id = ++lastId;
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(new TandemError("internal", "the media worker did not answer"));
        }, COMMAND_TIMEOUT);
        const settle =
          <T>(pass: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer);
            pass(value);
          };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
        child.send(
          ("order" in what ? { type: "leg", id, ...what } : { type: "command", id, ...what }) satisfies ToWorker,
        );
      });
    },
    async close() {
      isClosing = true;
      clearTimeout(restart);
      await stopChild(child);
    },
  };
}
