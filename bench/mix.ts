/**
 * Mixing: participant-seconds mixed per CPU second of the server's process tree, which is participants per core. Janus's
 * audiobridge from Debian does the same work for the same load, in turns. What is ours by sharing encoders shows in the
 * first shape; in the second all speak, and the loudest five of each room are decoded. Then what a mixer with more to do than it
 * can does to packets that are merely forwarded beside it.
 */
import { spawnSync } from "node:child_process";
import { pause } from "./ask.ts";
import { median, quantile, type Report } from "./figure.ts";
import { makeClips } from "./mix/clips.ts";
import { openLoad } from "./mix/load.ts";
import { roundTrips } from "./mix/probe.ts";
import { startJanus, startOurs } from "./mix/servers.ts";
import { BUSY, SHAPES, type Shape, seatsOf } from "./mix/shape.ts";
import { cpuOf, treeOf } from "./process-tree.ts";

const ROUNDS = 3;
const WARM_UP = 4_000;
const SECONDS = 8;
/** A run counts if so much of what every participant is owed has come: 50 packets a second. */
const MIN_RECEIVED = 0.98;

const SERVERS = { ours: startOurs, peer: startJanus } as const;
type Side = keyof typeof SERVERS;

/** Participants per core, or undefined where too little came back. */
async function measure(report: Report, shape: Shape, side: Side, clips: Uint8Array[][]): Promise<number | undefined> {
  const seats = seatsOf(shape);
  const load = await openLoad(seats, clips);
  try {
    const server = await SERVERS[side](seats, load.ports);
    try {
      load.start(server.ports);
      await pause(WARM_UP);
      const pids = treeOf(server.pid);
      const before = { cpu: cpuOf(pids), packets: load.received(), at: performance.now() };
      await pause(SECONDS * 1000);
      const seconds = (performance.now() - before.at) / 1000;
      const cpu = cpuOf(pids) - before.cpu;
      const received = (load.received() - before.packets) / (seats.length * 50 * seconds);
      const perCore = (seats.length * seconds) / cpu;
      const share = `${(100 * received).toFixed(1)} % received`;
      report.note(`${shape.name} ${side}: ${perCore.toFixed(0)} participants a core, ${share}`);
      return received >= MIN_RECEIVED ? perCore : undefined;
    } finally {
      await server.stop();
    }
  } finally {
    await load.close();
  }
}

/** 99th percentile of the time (ms) that a packet takes there and back while a mixer beside it is at work, or has nothing to do. */
async function measureForwarding(report: Report, shape: Shape | undefined, clips: Uint8Array[][]): Promise<number> {
  const seats = shape ? seatsOf(shape) : [];
  const load = await openLoad(seats, clips);
  try {
    const server = await startOurs(seats, load.ports);
    try {
      load.start(server.ports);
      await pause(WARM_UP);
      const times = await roundTrips(server.port, SECONDS * 1_000);
      const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
      report.note(`${shape ? "beside a busy mix" : "beside none"}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`);
      return p99;
    } finally {
      await server.stop();
    }
  } finally {
    await load.close();
  }
}

/** Run the bench. */
export async function run(report: Report): Promise<void> {
  if (spawnSync("sh", ["-c", "command -v janus"]).status !== 0) throw new Error("install Debian's janus");
  const clips = await makeClips(5);
  for (const shape of SHAPES) {
    const results: Record<Side, number[]> = { ours: [], peer: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const side of ["ours", "peer"] as const) {
        const perCore = await measure(report, shape, side, clips);
        if (perCore !== undefined) results[side].push(perCore);
      }
    }
    const { ours, peer } = results;
    report.figure(shape.name, "participants/core", median(ours), median(peer), "janus audiobridge", "higher");
  }
  const [beside, alone]: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS; round++) {
    beside.push(await measureForwarding(report, BUSY, clips));
    alone.push(await measureForwarding(report, undefined, clips));
  }
  report.figure(BUSY.name, "ms", median(beside), median(alone), "no mix", "lower");
}
