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
  onPacket: (room, stream, timestamp, bytes, length) => {
    if (writeMix(mixes, room, stream, timestamp, bytes, length)) written = true;
  },
  onVoices: (voices, skipped) => tell({ type: "voices", voices, skipped, dropped: mixes.dropped }),
});

function run(): void {
  armed = false;
  while (readInput(inputs, packet)) {
    const { room, input, codec, sequence, timestamp, level, offset, length, at } = packet;
    engine.push(room, input, codec, sequence, timestamp, level, inputs.bytes, offset, length, at);
    inputs.release();
  }
  engine.run(clock());
  if (written) tell({ type: "packets" });
  written = false;
  arm();
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
