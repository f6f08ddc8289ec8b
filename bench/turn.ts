/**
 * TURN: relayed packets per CPU second of the server's process tree, allocations, memory and latency. Coturn from Debian
 * does the same work for the same load tool, in turns.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { median, type Report } from "./figure.ts";
import type { RelayResult, Task } from "./turn/load.ts";
import { startCoturn, startOurs, type TurnProcess } from "./turn/servers.ts";

const ROUNDS = 3;
const SECONDS = 4;
/** About 40 to 60 % of a core for coturn. */
const RATE = 40_000;
/** All of it by one relay: sockets with the kernel's default buffer overflow above that, and coturn has no option for more. */
const RATE_OF_ONE = 15_000;
/** Packets a second at which latency is taken: some 30 % of a core. */
const CALM_RATE = 15_000;
const MAX_LOSS = 0.001;
const ALLOCATIONS = 10_000;

const SHAPES = [
  { name: "relay 1200B 1", size: 1200, allocations: 1, rate: RATE_OF_ONE },
  { name: "relay 1200B 20", size: 1200, allocations: 20, rate: RATE },
  { name: "relay 1200B 1000", size: 1200, allocations: 1000, rate: RATE },
  { name: "relay 160B 20", size: 160, allocations: 20, rate: RATE },
] as const;

const load = fileURLToPath(new URL("turn/load.ts", import.meta.url));
const execute = promisify(execFile);

type Work = Task extends infer T ? (T extends Task ? Omit<T, "server" | "pid"> : never) : never;

/** One task on a fresh server. */
async function once<T>(start: () => Promise<TurnProcess>, work: Work): Promise<T> {
  const server = await start();
  try {
    const task = { ...work, server: server.port, pid: server.pid };
    const { stdout } = await execute("bun", [load, JSON.stringify(task)]);
    return JSON.parse(stdout) as T;
  } finally {
    await server.stop();
  }
}

const SERVERS = { ours: startOurs, peer: startCoturn } as const;
type Side = keyof typeof SERVERS;

/** Both servers in turns, several times. */
async function paired<T>(work: Work, each: (side: Side, result: T) => void): Promise<void> {
  for (let round = 0; round < ROUNDS; round++)
    for (const side of ["ours", "peer"] as const) each(side, await once<T>(SERVERS[side], work));
}

const percent = (share: number): string => `${(100 * share).toFixed(share < 0.01 ? 3 : 0)} %`;

/** Relayed packets of both sides; runs that lose too much don't count. */
async function relay(report: Report, name: string, work: Omit<Extract<Work, { type: "relay" }>, "type" | "seconds">) {
  const results: Record<Side, RelayResult[]> = { ours: [], peer: [] };
  await paired<RelayResult>({ type: "relay", seconds: SECONDS, ...work }, (side, result) => {
    const cost = (1e6 * result.cpu) / result.packets;
    report.note(
      `${name} ${side}: ${cost.toFixed(2)} µs a packet at ${work.rate / 1000} k/s, ${percent(result.load)} of a core, ` +
        `lost ${percent(result.lost)}, p50 ${result.p50.toFixed(3)} p99 ${result.p99.toFixed(3)} ms`,
    );
    if (result.lost <= MAX_LOSS) results[side].push(result);
  });
  return (side: Side, read: (result: RelayResult) => number): number => median(results[side].map(read));
}

const wanted = process.env.TURN_BENCH ?? "";

/** Run the bench. `TURN_BENCH` picks figures by a part of their name. */
export async function run(report: Report): Promise<void> {
  const peer = "coturn";
  for (const { name, size, allocations, rate } of SHAPES)
    for (const burst of [1, 5]) {
      const figure = burst === 1 ? name : `${name} burst ${burst}`;
      if (!figure.includes(wanted)) continue;
      const middle = await relay(report, figure, { size, allocations, rate, burst });
      const perSecond = (side: Side): number => middle(side, ({ packets, cpu }) => packets / cpu);
      report.figure(figure, "packets/cpu-s", perSecond("ours"), perSecond("peer"), peer, "higher");
    }
  if ("allocations/s".includes(wanted)) {
    const rates: Record<Side, number[]> = { ours: [], peer: [] };
    await paired<{ perCpuSecond: number }>({ type: "allocate", allocations: 4000 }, (side, { perCpuSecond }) => {
      report.note(`allocations ${side}: ${Math.round(perCpuSecond)} per CPU second`);
      rates[side].push(perCpuSecond);
    });
    report.figure("allocations/s", "per cpu-s", median(rates.ours), median(rates.peer), peer, "higher");
  }
  if ("memory per allocation".includes(wanted)) {
    const sizes: Record<Side, number[]> = { ours: [], peer: [] };
    await paired<{ kilobytes: number }>({ type: "memory", allocations: ALLOCATIONS }, (side, { kilobytes }) => {
      report.note(`memory ${side}: ${kilobytes.toFixed(2)} kB`);
      sizes[side].push(kilobytes);
    });
    report.figure("memory per allocation", "kB", median(sizes.ours), median(sizes.peer), peer, "lower");
  }
  if ("added latency p99".includes(wanted)) {
    const middle = await relay(report, "latency", { size: 1200, allocations: 20, rate: CALM_RATE, burst: 1 });
    report.figure(
      "added latency p99",
      "ms",
      middle("ours", r => r.p99),
      middle("peer", r => r.p99),
      peer,
      "lower",
    );
  }
}
