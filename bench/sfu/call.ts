import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MEMBER_GRANTS, type NodeParticipant, type SessionOffer } from "../../src/protocol/index.ts";
import { ask, pause } from "../ask.ts";
import type { FloorResult, Runtime } from "../floor.ts";
import { cpuOf, memoryOf, treeOf } from "../process-tree.ts";
import type { Counts, Opened, Question, Sent } from "./messages.ts";
import { startWorker, type Worker } from "./worker.ts";

export interface CallOptions {
  readonly runtime: Runtime;
  /** Rooms, each with one source and so many receivers. */
  readonly rooms: number;
  readonly receivers: number;
  /** Packets of a frame, sent back to back. */
  readonly burst: number;
  readonly execArgv?: readonly string[];
}

/** A media worker with sessions of two load processes on it: connected, and silent between measurements. */
export interface Call {
  readonly worker: Worker;
  /** The first `rooms` rooms send for so long; what was measured after warming up. */
  measure(rooms: number, warmUpMs: number, seconds: number): Promise<FloorResult>;
  stop(): Promise<void>;
}

const DRAIN_MS = 300;

const pidOf = (number: number): string => `p_${String(number).padStart(8, "0")}`;
const participant = (number: number, publishes: boolean): NodeParticipant => ({
  pid: pidOf(number),
  number,
  grants: MEMBER_GRANTS,
  sources: publishes ? [{ number: number * 16 + 1, kind: "camera", muted: false }] : [],
});

export async function startCall({ runtime, rooms, receivers, burst, execArgv }: CallOptions): Promise<Call> {
  const children: ChildProcess[] = [];
  const question = <T>(child: ChildProcess, value: Question): Promise<T> => ask<T>(child, value);
  const worker = await startWorker(runtime, execArgv);
  const where = (room: number) => ({ id: 1, room: `room-${room}`, life: "benchlife", epoch: 1 });

  async function join(file: string, perRoom: number, firstNumber: number): Promise<ChildProcess> {
    const child = fork(fileURLToPath(new URL(`${file}.ts`, import.meta.url)), { execPath: "bun" });
    children.push(child);
    const count = rooms * perRoom;
    const { offers } = await question<Opened>(child, { type: "open", count, server: worker.port, burst });
    const open = async (offer: SessionOffer, index: number): Promise<string> => {
      const pid = pidOf(firstNumber + (index % perRoom));
      const answer = await worker.execute({
        type: "session.open",
        ...where(Math.floor(index / perRoom)),
        pid,
        offer,
      });
      return answer?.sdp ?? "";
    };
    await question(child, { type: "connect", answers: await Promise.all(offers.map(open)) });
    return child;
  }

  async function stop(): Promise<void> {
    for (const child of children) child.kill();
    await worker.stop();
  }

  try {
    const participants = Array.from({ length: receivers + 1 }, (_, i) => participant(i + 1, i === 0));
    for (let room = 0; room < rooms; room++) await worker.execute({ type: "room.open", ...where(room), participants });
    const audience = await join("receivers", receivers, 2);
    const sources = await join("sources", 1, 1);
    const pids = treeOf(worker.pid);
    let phase = 0;
    const enter = (active: number) => question<Sent>(sources, { type: "phase", phase: ++phase, rooms: active });
    return {
      worker,
      async measure(active, warmUpMs, seconds) {
        await enter(active);
        await pause(warmUpMs);
        await enter(active);
        const measured = phase;
        const cpuBefore = cpuOf(pids);
        const startedAt = performance.now();
        await pause(seconds * 1000);
        const { packets } = await enter(active);
        const cpu = cpuOf(pids) - cpuBefore;
        const elapsed = (performance.now() - startedAt) / 1000;
        await pause(DRAIN_MS);
        const counts = await question<Counts>(audience, { type: "counts", phase: measured });
        await enter(0);
        const due = (packets[measured] ?? 0) * receivers;
        const { authentic, p50, p99, p999 } = counts;
        return {
          perCpuSecond: authentic / cpu,
          load: cpu / elapsed,
          offered: due / elapsed,
          lost: (due - authentic) / due,
          p50,
          p99,
          p999,
          memory: memoryOf(pids) / 1000,
        };
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
