import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { FromWorker, ToWorker, WorkerConfig } from "../../media-node/worker/messages.ts";
import type { LinkCommand } from "../../src/protocol/index.ts";
import { LOOPBACK } from "../floor/shape.ts";

/** A media worker as the node runs it, in a process of its own. */
export interface Worker {
  readonly pid: number;
  readonly port: number;
  /** What it counted, as of its last status. */
  readonly counters: Readonly<Record<string, number>>;
  execute(command: LinkCommand): Promise<{ readonly sdp: string } | undefined>;
  stop(): Promise<void>;
}

type Result = Extract<FromWorker, { type: "result" | "failure" }>;

const program = fileURLToPath(new URL("../../media-node/worker/main.ts", import.meta.url));
const config: WorkerConfig = {
  worker: 0,
  listen: [LOOPBACK],
  announce: [],
  port: 0,
  iceTcp: false,
  maxBitrate: 4_000_000,
  log: "warn",
};

/** @param execArgv arguments of the runtime itself, as for a profile */
export async function startWorker(runtime: "bun" | "node", execArgv: readonly string[] = []): Promise<Worker> {
  const child = fork(program, [JSON.stringify(config)], {
    execPath: runtime,
    execArgv: [...execArgv],
    // As the pool does, but for the serialization: Node and Bun have only JSON in common.
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const ready = Promise.withResolvers<number>();
  const waiting = new Map<number, (result: Result) => void>();
  let counters: Worker["counters"] = {};
  let commands = 0;
  child.on("message", value => {
    const message = value as FromWorker;
    if (message.type === "ready") ready.resolve(message.port);
    else if (message.type === "status") ({ counters } = message);
    else if (message.type === "result" || message.type === "failure") waiting.get(message.id)?.(message);
  });
  const ended = once(child, "exit");
  ended.then(([code]) => ready.reject(new Error(`the media worker ended with ${code}`)));
  const port = await ready.promise;

  return {
    pid: child.pid ?? 0,
    port,
    get counters() {
      return counters;
    },
    async execute(command) {
      const id = ++commands;
      const result = await new Promise<Result>(resolve => {
        waiting.set(id, resolve);
        child.send({ type: "command", id, command } satisfies ToWorker);
      });
      waiting.delete(id);
      if (result.type === "failure") throw new Error(`${command.type} failed: ${result.code} ${result.detail ?? ""}`);
      return result.answer;
    },
    async stop() {
      // It ends when its channel does.
      if (child.connected) child.disconnect();
      await ended;
    },
  };
}
