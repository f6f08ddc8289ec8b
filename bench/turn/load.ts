/**
 * The load of the TURN bench: a process of its own that sends at an exact rate in a busy loop, receives, and reads what
 * the server used meanwhile. One JSON task as its argument, one JSON line out.
 */

import { cpuOf, memoryOf, treeOf } from "../process-tree.ts";
import { CHANNEL, type Client, openClients } from "./client.ts";
import { createPoll, openSocket, packet, portOf, receive, received, send } from "./sockets.ts";

export type Task = { readonly server: number; readonly pid: number } & (
  | {
      readonly type: "relay";
      readonly allocations: number;
      readonly size: number;
      /** Packets a second, and how many of a flow leave back to back. */
      readonly rate: number;
      readonly burst: number;
      readonly seconds: number;
    }
  | { readonly type: "allocate"; readonly allocations: number }
  | { readonly type: "memory"; readonly allocations: number }
);

export interface RelayResult {
  readonly packets: number;
  readonly cpu: number;
  readonly lost: number;
  /** Share of a core. */
  readonly load: number;
  /** Milliseconds from send to receive. */
  readonly p50: number;
  readonly p99: number;
}

const WARM_UP = 1.5;
const SETTLE = 300;
const stamp = new DataView(packet.buffer);
const arrival = new DataView(received.buffer);

const pause = (ms: number) => new Promise<void>(resolve => setTimeout(resolve, ms));

function measure(task: Extract<Task, { type: "relay" }>): RelayResult {
  const peer = openSocket();
  const clients = openClients(task.server, task.allocations, portOf(peer));
  const pids = treeOf(task.pid);
  const poll = createPoll();
  poll.add(peer, 0);
  for (const [i, { socket }] of clients.entries()) poll.add(socket, i + 1);
  const runs = [flow(task, clients, peer, true, pids, poll), flow(task, clients, peer, false, pids, poll)];
  const sum = (read: (run: Flow) => number): number => runs.reduce((all, run) => all + read(run), 0);
  const times = runs.flatMap(({ times: each }) => each).sort((a, b) => a - b);
  const at = (share: number): number => times[Math.floor(share * (times.length - 1))] ?? Number.NaN;
  return {
    packets: sum(run => run.received),
    cpu: sum(run => run.cpu),
    lost: 1 - sum(run => run.received) / sum(run => run.sent),
    load: sum(run => run.cpu) / sum(run => run.seconds),
    p50: at(0.5),
    p99: at(0.99),
  };
}

interface Flow {
  readonly sent: number;
  readonly received: number;
  readonly cpu: number;
  readonly seconds: number;
  readonly times: number[];
}

/** One direction: clients send to the peer, or the peer to the relays. */
function flow(
  task: Extract<Task, { type: "relay" }>,
  clients: readonly Client[],
  peer: number,
  isUp: boolean,
  pids: readonly number[],
  poll: ReturnType<typeof createPoll>,
): Flow {
  const { size, burst, rate, seconds } = task;
  const header = isUp ? 4 : 0;
  packet.fill(0x55, 0, size + 4);
  if (isUp) {
    stamp.setUint16(0, CHANNEL);
    stamp.setUint16(2, size);
  }
  let isMeasured = false;
  let sent = 0;
  let count = 0;
  const times: number[] = [];
  const interval = (1000 * burst) / rate;

  const read = (index: number): void => {
    const fd = index === 0 ? peer : clients[index - 1]!.socket;
    for (let i = 0; i < 64 && receive(fd) >= 0; i++) {
      const at = isUp ? 0 : 4;
      if (arrival.getUint8(at + 8) !== 1) continue;
      count++;
      if ((count & 7) === 0) times.push(performance.now() - arrival.getFloat64(at));
    }
  };

  function run(duration: number): void {
    const start = performance.now();
    const end = start + duration * 1000;
    let turn = 0;
    for (let next = start; next < end; next += interval) {
      while (performance.now() < next) poll.readable(read);
      const client = clients[turn++ % clients.length]!;
      stamp.setUint8(header + 8, isMeasured ? 1 : 0);
      for (let i = 0; i < burst; i++) {
        stamp.setFloat64(header, performance.now());
        if (isUp ? send(client.socket, size + 4) : send(peer, size, client.relay)) sent++;
      }
    }
  }

  run(WARM_UP);
  const cpuBefore = cpuOf(pids);
  const startedAt = performance.now();
  isMeasured = true;
  sent = 0;
  run(seconds);
  const elapsed = (performance.now() - startedAt) / 1000;
  const cpu = cpuOf(pids) - cpuBefore;
  for (const until = performance.now() + SETTLE; performance.now() < until; ) poll.readable(read);
  return { sent, received: count, cpu, seconds: elapsed, times };
}

const task = JSON.parse(process.argv[2] ?? "") as Task;
let result: unknown;
if (task.type === "relay") result = measure(task);
else {
  const pids = treeOf(task.pid);
  await pause(2_000);
  const before = { cpu: cpuOf(pids), memory: memoryOf(pids) };
  openClients(task.server, task.allocations, 0);
  const cpu = cpuOf(pids) - before.cpu;
  if (task.type === "allocate") result = { perCpuSecond: task.allocations / cpu };
  else {
    // A collector runs when it likes: what counts is what stays.
    await pause(8_000);
    result = { kilobytes: (memoryOf(pids) - before.memory) / task.allocations };
  }
}
process.stdout.write(`${JSON.stringify(result)}\n`);
process.exit(0);
