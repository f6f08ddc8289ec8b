/**
 * The SFU: a media worker as the node runs it, with sessions by ICE, DTLS and SRTP, forwarding one camera to N receivers
 * in as many rooms as the rate takes. The peer is the floor of forwarding (`floor.ts`): twenty lines that receive, decrypt,
 * copy, encrypt and send, with no sessions, rooms, feedback or retransmissions, on the same runtime at the same rate.
 */
import { median, type Report } from "./figure.ts";
import { type FloorResult, isValid, measureFloor, type Runtime } from "./floor.ts";
import { startCall } from "./sfu/call.ts";
import { FPS, PACKET_BYTES } from "./sfu/frame.ts";

const ROUNDS = 3;
/** A round that loses packets is made up for, at a lower rate, so often. */
const MORE_ROUNDS = 3;
const LOWER = 0.75;
const SECONDS = 2;
const FIRST_WARM_UP_MS = 2_000;
const WARM_UP_MS = 500;

/** Packets a second to receivers: what the floor forwards with about half a core of the machine this was written on. */
const RATE: Record<Runtime, number> = { bun: 100_000, node: 50_000 };
/** At which latency is taken: some 30 % of a core. */
const CALM_RATE = 60_000;
const PEER = "twenty lines";

interface Work {
  readonly runtime: Runtime;
  readonly receivers: number;
  /** Packets of a frame, back to back. */
  readonly burst: number;
  readonly rate: number;
}

interface Pair {
  readonly ours: FloorResult;
  readonly peer: FloorResult;
}

/** Rooms that come nearest to a rate. One to one, what comes in costs as much as what goes out. */
function roomsFor({ receivers, burst, rate }: Work): number {
  return Math.max(1, Math.round(rate / receivers / burst / FPS / (receivers === 1 ? 2 : 1)));
}

/** Ours and the floor in turns, until there are enough rounds in which neither lost anything. */
async function compare(work: Work, note: (text: string) => void): Promise<Pair[]> {
  const { runtime, receivers, burst } = work;
  let rooms = roomsFor(work);
  const pairs: Pair[] = [];
  const call = await startCall({ runtime, rooms, receivers, burst });
  try {
    for (let round = 0; round < ROUNDS + MORE_ROUNDS && pairs.length < ROUNDS; round++) {
      const shape = { rooms, receivers, burst, fps: FPS, packetBytes: PACKET_BYTES };
      const ours = await call.measure(rooms, round === 0 ? FIRST_WARM_UP_MS : WARM_UP_MS, SECONDS);
      const peer = await measureFloor({ ...shape, kind: "naive", runtime, seconds: SECONDS });
      note(`ours ${describe(ours)}`);
      note(`peer ${describe(peer)}`);
      if (isValid(ours, shape) && isValid(peer, shape)) pairs.push({ ours, peer });
      else rooms = Math.max(1, Math.floor(rooms * LOWER));
    }
  } finally {
    await call.stop();
  }
  if (pairs.length === 0)
    throw new Error(`no round was clean: the machine is too busy to measure ${receivers} receivers`);
  if (pairs.length < ROUNDS) note(`only ${pairs.length} rounds were clean`);
  return pairs;
}

function describe({ perCpuSecond, load, offered, lost, p50, p99, p999, memory }: FloorResult): string {
  return (
    `${Math.round(perCpuSecond / 1000)} k per CPU second at ${Math.round(offered / 1000)} k/s, ${Math.round(load * 100)} % of a core, ` +
    `lost ${(lost * 100).toFixed(3)} %, p50 ${p50} p99 ${p99} p999 ${p999} ms, ${Math.round(memory)} MB`
  );
}

/** Run the bench. `SFU_BENCH` picks figures by a part of their name. */
export async function run(report: Report): Promise<void> {
  const wanted = process.env.SFU_BENCH ?? "";

  async function measure(
    name: string,
    work: Work,
  ): Promise<(figure: string, unit: string, key: keyof FloorResult) => void> {
    const pairs = await compare(work, text => report.note(`${name}: ${text}`));
    const middle = (side: keyof Pair, key: keyof FloorResult) => median(pairs.map(pair => pair[side][key]));
    return (figure, unit, key) => {
      const better = key === "perCpuSecond" ? "higher" : "lower";
      report.figure(figure, unit, middle("ours", key), middle("peer", key), PEER, better);
    };
  }

  async function forward(work: Work): Promise<void> {
    const name = `1-${work.receivers} ${work.runtime}`;
    const figure = work.burst === 1 ? `forward ${name} burst 1` : `forward ${name}`;
    if (!figure.includes(wanted)) return;
    const tell = await measure(figure, work);
    tell(figure, "packets/cpu-s", "perCpuSecond");
    if (work.receivers === 200) tell(`memory ${name}`, "MB", "memory");
  }

  for (const runtime of ["bun", "node"] as const) {
    const rate = RATE[runtime];
    for (const receivers of [1, 10, 50, 200]) await forward({ runtime, receivers, burst: 5, rate });
    await forward({ runtime, receivers: 50, burst: 1, rate });
  }

  const name = "1-50 bun";
  if (!`latency p99 ${name}`.includes(wanted)) return;
  const tell = await measure(`latency ${name}`, { runtime: "bun", receivers: 50, burst: 5, rate: CALM_RATE });
  for (const key of ["p50", "p99", "p999"] as const) tell(`latency ${key} ${name}`, "ms", key);
}
