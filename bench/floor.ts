/**
 * The floor of forwarding: a twenty-line forwarder (receive, copy, encrypt, send), and beside it the same work on our
 * sockets and SRTP alone, without sessions or rooms: the ceiling for the SFU built on them.
 */
import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ask, pause } from "./ask.ts";
import { median, type Report } from "./figure.ts";
import { MEASURED, type Shape } from "./floor/shape.ts";
import { cpuOf, memoryOf, treeOf } from "./process-tree.ts";

export type Runtime = "bun" | "node";

export interface FloorOptions extends Shape {
  readonly kind: "naive" | "runs";
  readonly runtime: Runtime;
  readonly seconds?: number;
  readonly warmUpMs?: number;
}

export interface FloorResult {
  /** Packets that receivers authenticated, per second of the forwarder's user + system time. */
  readonly perCpuSecond: number;
  /** Share of a core that the forwarder used. */
  readonly load: number;
  /** Packets offered to receivers a second, and the share of them that never came. */
  readonly offered: number;
  readonly lost: number;
  /** Milliseconds from the source's send to the receiver's read. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** Resident memory of the forwarder (MB). */
  readonly memory: number;
}

/** A run that loses more, or whose load was this much off, is invalid. */
const MAX_LOSS = 0.001;
const MAX_RATE_ERROR = 0.05;

const WARM_UP_MS = 2000;
const DRAIN_MS = 300;

interface Counts {
  readonly authentic: number[];
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** One run in three processes of its own: load, forwarder, receivers. */
export async function measureFloor(options: FloorOptions): Promise<FloorResult> {
  const { kind, runtime, seconds = 3, warmUpMs = WARM_UP_MS, rooms, receivers, fps, burst, packetBytes } = options;
  const shape: Shape = { rooms, receivers, fps, burst, packetBytes };
  const children: ChildProcess[] = [];
  const start = (file: string, on: Runtime): ChildProcess => {
    const child = fork(fileURLToPath(new URL(`floor/${file}.ts`, import.meta.url)), { execPath: on });
    children.push(child);
    return child;
  };
  try {
    const sinks = start("receivers", "bun");
    const { ports } = await ask<{ ports: number[] }>(sinks, shape);
    const forwarder = start("forwarder", runtime);
    const { port } = await ask<{ port: number }>(forwarder, { kind, shape, ports });
    const source = start("load", "bun");
    source.send({ shape, port });
    await pause(warmUpMs);
    const pids = treeOf(forwarder.pid ?? 0);

    const enter = (phase: number) => ask<{ packets: number[] }>(source, phase);
    const readCpu = () => cpuOf(pids);

    await enter(MEASURED);
    const cpuBefore = readCpu();
    const startedAt = performance.now();
    await pause(seconds * 1000);
    const { packets } = await enter(MEASURED + 1);
    const cpu = readCpu() - cpuBefore;
    const elapsed = (performance.now() - startedAt) / 1000;
    await pause(DRAIN_MS);
    const { authentic, p50, p99, p999 } = await ask<Counts>(sinks, {});
    const due = (packets[MEASURED] ?? 0) * receivers;
    const arrived = authentic[MEASURED] ?? 0;
    return {
      perCpuSecond: arrived / cpu,
      load: cpu / elapsed,
      offered: due / elapsed,
      lost: (due - arrived) / due,
      p50,
      p99,
      p999,
      memory: memoryOf(pids) / 1000,
    };
  } finally {
    for (const child of children) child.kill();
  }
}

const ROUNDS = 5;
const FRAMES = { fps: 30, burst: 5, packetBytes: 1200 };

/** About the rate at which the floor uses 60 % of a core of the machine it was written on. */
const TOTAL_RATE: Record<Runtime, number> = { bun: 100_000, node: 50_000 };

export async function run(report: Report): Promise<void> {
  for (const runtime of ["bun", "node"] as const) {
    for (const receivers of [1, 10, 50, 200]) {
      const rooms = Math.max(
        1,
        Math.round(TOTAL_RATE[runtime] / receivers / FRAMES.fps / FRAMES.burst / (receivers === 1 ? 2 : 1)),
      );
      const shape: Shape = { ...FRAMES, rooms, receivers };
      const results: Record<"naive" | "runs", FloorResult[]> = { naive: [], runs: [] };
      for (let round = 0; round < ROUNDS; round++) {
        for (const kind of ["naive", "runs"] as const) {
          const result = await measureFloor({ ...shape, kind, runtime });
          report.note(`${runtime} 1-${receivers} ${kind}: ${describe(result)}`);
          if (isValid(result, shape)) results[kind].push(result);
        }
      }
      const middle = (kind: "naive" | "runs", key: keyof FloorResult) =>
        median(results[kind].map(result => result[key]));
      const figure = (name: string, unit: string, key: keyof FloorResult, better: "higher" | "lower") =>
        report.figure(
          `${name} 1-${receivers} ${runtime}`,
          unit,
          middle("runs", key),
          middle("naive", key),
          "twenty lines",
          better,
        );
      figure("forward", "packets/cpu-s", "perCpuSecond", "higher");
      figure("latency p99", "ms", "p99", "lower");
    }
  }
}

/** Whether the receivers got all that they were to get, at the rate that was meant. */
export function isValid({ lost, offered }: FloorResult, { rooms, receivers, fps, burst }: Shape): boolean {
  const meant = rooms * receivers * fps * burst;
  return lost <= MAX_LOSS && Math.abs(offered / meant - 1) <= MAX_RATE_ERROR;
}

function describe(result: FloorResult): string {
  const { perCpuSecond, load, offered, lost, p50, p99, p999 } = result;
  return (
    `${Math.round(perCpuSecond / 1000)} k per CPU second at ${Math.round(offered / 1000)} k/s, ${Math.round(load * 100)} % of a core, ` +
    `lost ${(lost * 100).toFixed(3)} %, p50 ${p50} p99 ${p99} p999 ${p999} ms`
  );
}
