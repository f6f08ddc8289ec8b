/**
 * Telephones: calls between PCMU and rooms, each with a live listener that also talks. The node as it runs, with the edge on
 * local workerd; its peer is the floor, which decodes, encodes and sends the same, as it comes, with no jitter buffer, room or
 * signaling. Setups have sipp as their peer, which answers calls and does nothing else.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { freePort } from "../test/support/ports.ts";
import { pause } from "./ask.ts";
import { median, type Report } from "./figure.ts";
import { cpuOf, treeOf } from "./process-tree.ts";
import { openCallers } from "./sip/callers.ts";
import { openLoad } from "./sip/load.ts";
import { startExchange, startFloor } from "./sip/servers.ts";
import { type Bridge, CALLERS, CALLS, type Ends, FRAME, LOOPBACK } from "./sip/shape.ts";

const ROUNDS = 3;
const WARM_UP = 8_000;
const SECONDS = 10;
/** Delays are noted for so long (s), once talk has died away. */
const PROBE_SECONDS = 8;
const QUIET = 2_000;
const MIN_RECEIVED = 0.98;
/** Setups under way at a time, and for how long (s). */
const WINDOW = 16;
const SETUP_SECONDS = 8;

interface Carried {
  /** CPU time per call and second (ms). */
  readonly cpu: number;
  readonly late: number;
  /** From the side that is said to the other (ms). */
  readonly phone: number;
  readonly listener: number;
}

/** Undefined where too little came back. */
async function measure(
  report: Report,
  name: string,
  start: (ends: readonly Ends[]) => Promise<Bridge>,
): Promise<Carried | undefined> {
  const load = await openLoad();
  const bridge = await start(load.ends);
  try {
    load.talk(bridge.calls);
    await pause(WARM_UP);
    const pids = treeOf(bridge.pid);
    const before = { cpu: cpuOf(pids), ticks: await bridge.ticks(), received: load.received(), at: performance.now() };
    await pause(SECONDS * 1_000);
    const seconds = (performance.now() - before.at) / 1_000;
    const cpu = ((cpuOf(pids) - before.cpu) * 1_000) / (CALLS * seconds);
    const received = load.received();
    const ticks = await bridge.ticks();
    const late = (ticks.late - before.ticks.late) / (ticks.all - before.ticks.all);
    const share = (side: keyof Ends): number =>
      (received[side] - before.received[side]) / ((CALLS * seconds * 1_000) / FRAME);
    load.probe();
    await pause(QUIET);
    load.delays.phone.length = 0;
    load.delays.listener.length = 0;
    await pause(PROBE_SECONDS * 1_000);
    const { phone, listener } = load.delays;
    const result = { cpu, late, phone: median(phone), listener: median(listener) };
    report.note(
      `${name}: ${cpu.toFixed(2)} ms of CPU per call-second, ${(100 * late).toFixed(3)} % of ticks late, ` +
        `${result.phone.toFixed(1)} ms from telephone to room and ${result.listener.toFixed(1)} ms back; ` +
        `${(100 * share("listener")).toFixed(1)} % and ${(100 * share("phone")).toFixed(1)} % received`,
    );
    return share("phone") >= MIN_RECEIVED && share("listener") >= MIN_RECEIVED ? result : undefined;
  } finally {
    await load.close();
    await bridge.stop();
  }
}

/** Calls set up and hung up again per second. */
async function setups(target: string): Promise<number> {
  const callers = await Promise.all(CALLERS.map(openCallers));
  const begun = performance.now();
  let done = 0;
  const one = async (who: number): Promise<void> => {
    while (performance.now() - begun < SETUP_SECONDS * 1_000) {
      const call = await callers[who % callers.length]!.call(target, String(5_000 + who), 30_000);
      call.hangUp();
      done++;
    }
  };
  try {
    await Promise.all(Array.from({ length: WINDOW }, (_, who) => one(who)));
    return done / ((performance.now() - begun) / 1_000);
  } finally {
    await Promise.all(callers.map(each => each.close()));
  }
}

async function sippSetups(): Promise<number> {
  const port = await freePort();
  const sipp = spawn("sipp", ["-sn", "uas", "-i", LOOPBACK, "-p", String(port), "-nostdin"], { stdio: "ignore" });
  const exit = once(sipp, "exit");
  try {
    await pause(1_000);
    return await setups(`sip:${LOOPBACK}:${port}`);
  } finally {
    sipp.kill("SIGKILL");
    await exit;
  }
}

/** Run the bench. */
export async function run(report: Report): Promise<void> {
  const ours: Carried[] = [];
  const floor: Carried[] = [];
  const rates = { ours: [] as number[], sipp: [] as number[] };
  for (let round = 1; round <= ROUNDS; round++) {
    report.note(`round ${round} of ${ROUNDS}: setting up ${CALLS} calls`);
    const exchange = await startExchange();
    try {
      const carried = await measure(report, "ours", exchange.carry);
      if (carried) ours.push(carried);
    } finally {
      await exchange.stop();
    }
    const least = await measure(report, "floor", startFloor);
    if (least) floor.push(least);
    const idle = await startExchange();
    try {
      rates.ours.push(await setups(idle.hall));
    } finally {
      await idle.stop();
    }
    rates.sipp.push(await sippSetups());
    report.note(`setups: ${rates.ours.at(-1)?.toFixed(0)} a second, sipp ${rates.sipp.at(-1)?.toFixed(0)}`);
  }
  const [a, b] = [ours, floor].map(runs => (read: (one: Carried) => number) => median(runs.map(read))) as [
    (read: (one: Carried) => number) => number,
    (read: (one: Carried) => number) => number,
  ];
  const decodeEncode = "decode, encode, send";
  report.figure(
    "cpu per call-second",
    "ms",
    a(one => one.cpu),
    b(one => one.cpu),
    decodeEncode,
    "lower",
  );
  report.figure(
    "calls per core",
    "calls",
    a(one => 1_000 / one.cpu),
    b(one => 1_000 / one.cpu),
    decodeEncode,
    "higher",
  );
  report.figure(
    "late ticks",
    "%",
    a(one => 100 * one.late),
    b(one => 100 * one.late),
    "a bare timer",
    "lower",
  );
  report.figure(
    "added delay",
    "ms",
    a(one => one.phone),
    b(one => one.phone),
    decodeEncode,
    "lower",
  );
  report.figure(
    "added delay, to the telephone",
    "ms",
    a(one => one.listener),
    b(one => one.listener),
    decodeEncode,
    "lower",
  );
  report.figure("setups/s", "calls/s", median(rates.ours), median(rates.sipp), "sipp's uas, no media", "higher");
}
