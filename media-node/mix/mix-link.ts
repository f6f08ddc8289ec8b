/**
 * A media worker's end of its mixer thread. The thread starts with the first room that needs a mix; one that died is
 * started again for rooms that still do.
 * @module
 */
import { Worker } from "node:worker_threads";
import type { Log } from "../log.ts";
import type { MixCommand } from "./mix-engine.ts";
import type { MixEvents, MixHost } from "./mix-host.ts";
import { createMixPacket, readMix, writeInput } from "./packet-records.ts";
import { createQueueMemory, SharedQueue } from "./shared-queue.ts";
import { COUNTED, type FromMixThread, type MixThreadData } from "./thread-messages.ts";

/** Bytes that wait in either direction at most: seconds of a hundred voices. */
const QUEUE = 1 << 20;
/** A thread that has died is not started again sooner (ms). */
const PAUSE = 1_000;

export interface MixLinkOptions {
  readonly log: Log;
  readonly now: () => number;
  /** There is something to {@link MixHost.drain}. */
  readonly onNews: () => void;
}

export interface MixLink extends MixHost {
  /** Ends the thread. Idempotent. */
  close(): Promise<void>;
}

interface Thread {
  readonly worker: Worker;
  readonly inputs: SharedQueue;
  readonly mixes: SharedQueue;
}

export function createMixLink({ log, now: clock, onNews }: MixLinkOptions): MixLink {
  const rooms = new Map<number, MixEvents>();
  const packet = createMixPacket();
  let thread: Thread | undefined;
  let lastRoom = 0;
  let notBefore = 0;
  let closed = false;
  const counts = { rooms: 0, packets: 0, "inputs.dropped": 0, restarts: 0 };
  /** What threads count, one after the other. */
  const counted = new Uint32Array(new SharedArrayBuffer(4 * COUNTED.length));

  function start(): Thread {
    const data: MixThreadData = {
      inputs: createQueueMemory(QUEUE),
      mixes: createQueueMemory(QUEUE),
      counts: counted.buffer,
    };
    const worker = new Worker(new URL("thread.ts", import.meta.url), { workerData: data });
    const started = { worker, inputs: new SharedQueue(data.inputs), mixes: new SharedQueue(data.mixes) };
    worker.on("message", (message: FromMixThread) => {
      if (thread === started) hear(message);
    });
    worker.on("error", error => log.error("mixer failed", { error: error instanceof Error ? error.stack : error }));
    worker.once("exit", () => ended(started));
    return started;
  }

  function hear(message: FromMixThread): void {
    if (message.type === "packets") onNews();
    else if (message.type === "assigned") rooms.get(message.room)?.assigned(message.listener, message.stream, clock());
    else log.warn("mixer has time for so many voices a room", { voices: message.voices });
  }

  function ended(gone: Thread): void {
    if (thread !== gone) return;
    thread = undefined;
    notBefore = clock() + PAUSE;
    counts.restarts++;
    const told = [...rooms.values()];
    rooms.clear();
    for (const events of told) events.lost(clock());
  }

  /** A defect of ours ends the mixer of the room that met it, not the worker. */
  function broken(room: number, error: unknown, now: number): void {
    log.error("a mix can't be taken", { error: error instanceof Error ? error.stack : error });
    thread?.worker.postMessage({ type: "room.close", room } satisfies MixCommand);
    const events = rooms.get(room);
    rooms.delete(room);
    events?.lost(now);
  }

  return {
    open(events, now) {
      if (closed || (thread === undefined && now < notBefore)) return undefined;
      thread ??= start();
      const mine = thread;
      const room = ++lastRoom;
      rooms.set(room, events);
      counts.rooms++;
      const command = (said: MixCommand): void => {
        if (thread === mine && rooms.has(room)) mine.worker.postMessage(said);
      };
      command({ type: "room.open", room });
      return {
        addInput: (input, participant) => command({ type: "input.add", room, input, participant }),
        removeInput: input => command({ type: "input.remove", room, input }),
        addListener: (listener, participant, format) =>
          command({ type: "listener.add", room, listener, participant, format }),
        removeListener: listener => command({ type: "listener.remove", room, listener }),
        push(input, codec, sequence, timestamp, level, bytes, offset, length, at) {
          if (!writeInput(mine.inputs, room, input, codec, sequence, timestamp, level, bytes, offset, length, at)) {
            counts["inputs.dropped"]++;
          }
        },
        close() {
          command({ type: "room.close", room });
          rooms.delete(room);
        },
      };
    },
    drain(now) {
      if (thread === undefined) return;
      const { mixes } = thread;
      while (readMix(mixes, packet)) {
        const { room, stream, timestamp, level, offset, length } = packet;
        try {
          rooms.get(room)?.packet(stream, timestamp, mixes.bytes, offset, length, now, level);
        } catch (error) {
          broken(room, error, now);
        }
        counts.packets++;
        mixes.release();
      }
    },
    counters: () => ({ ...counts, ...Object.fromEntries(COUNTED.map((name, i) => [name, counted[i]!])) }),
    async close() {
      if (closed) return;
      closed = true;
      const last = thread;
      thread = undefined;
      rooms.clear();
      await last?.worker.terminate();
    },
  };
}
