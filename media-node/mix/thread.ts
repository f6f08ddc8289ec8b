/**
 * A mixer's thread: mixes for the rooms of one media worker, so that a busy mixer never delays forwarding.
 * @module
 */
import { parentPort, workerData } from "node:worker_threads";
import { loadOpus } from "../codec/opus-audio.ts";
import { createMixEngine } from "./mix-engine.ts";
import { createInputPacket, readInput, writeMix } from "./packet-records.ts";
import { SharedQueue } from "./shared-queue.ts";
import type { FromMixThread, MixThreadData, ToMixThread } from "./thread-messages.ts";

const data = workerData as MixThreadData;
const inputs = new SharedQueue(data.inputs);
const mixes = new SharedQueue(data.mixes);
const counts = new Uint32Array(data.counts);
/** What threads before this one counted. */
const past = counts.slice();
const packet = createInputPacket();
// The media worker's clock, which stamps packets, is the same.
const clock = (): number => performance.timeOrigin + performance.now();
const tell = (message: FromMixThread): void => parentPort?.postMessage(message);

let written = false;
let armed = false;

const engine = createMixEngine({
  opus: await loadOpus(),
  now: clock(),
  onAssign: (room, listener, stream) => tell({ type: "assigned", room, listener, stream }),
  onPacket: (room, stream, timestamp, level, bytes, length) => {
    if (writeMix(mixes, room, stream, timestamp, level, bytes, length)) written = true;
  },
  onVoices: voices => tell({ type: "voices", voices }),
});

function run(): void {
  armed = false;
  while (readInput(inputs, packet)) {
    const { room, input, codec, sequence, timestamp, level, offset, length, at } = packet;
    engine.push(room, input, codec, sequence, timestamp, level, inputs.bytes, offset, length, at);
    inputs.release();
  }
  engine.run(clock());
  count();
  if (written) tell({ type: "packets" });
  written = false;
  arm();
}

/** In the order of COUNTED. */
function count(): void {
  const { frames, late, skipped } = engine.clock;
  counts[0] = past[0]! + frames;
  counts[1] = past[1]! + late;
  counts[2] = past[2]! + skipped;
  counts[3] = past[3]! + mixes.dropped;
}

function arm(): void {
  if (armed || engine.rooms === 0) return;
  armed = true;
  setTimeout(run, Math.max(0, engine.due - clock()));
}

parentPort?.on("message", (message: ToMixThread) => {
  engine.command(message);
  arm();
});
