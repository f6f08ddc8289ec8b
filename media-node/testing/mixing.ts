/**
 * A mixer in virtual time: the real one, without its thread.
 * @module
 */
import { loadOpus } from "../codec/opus-audio.ts";
import { createMixEngine } from "../mix/mix-engine.ts";
import type { MixEvents, MixHost } from "../mix/mix-host.ts";

const opus = await loadOpus();

export interface TestMixing {
  readonly host: MixHost;
  /** Whether there can be a mixer. */
  available: boolean;
  /** The mixer's thread has died. */
  lose(now: number): void;
  /** Mixes what is due. */
  run(now: number): void;
}

export function createTestMixing(now: number): TestMixing {
  const rooms = new Map<number, MixEvents>();
  let lastRoom = 0;
  let clock = now;
  const engine = createMixEngine({
    opus,
    now,
    onAssign: (room, listener, stream) => rooms.get(room)?.assigned(listener, stream, clock),
    onPacket: (room, stream, timestamp, level, bytes, length) =>
      rooms.get(room)?.packet(stream, timestamp, Buffer.from(bytes.subarray(0, length)), 0, length, clock, level),
    onVoices() {},
  });
  const mixing: TestMixing = {
    available: true,
    host: {
      open(events) {
        if (!mixing.available) return undefined;
        const room = ++lastRoom;
        rooms.set(room, events);
        engine.command({ type: "room.open", room });
        return {
          addInput: (input, participant) => engine.command({ type: "input.add", room, input, participant }),
          removeInput: input => engine.command({ type: "input.remove", room, input }),
          addListener: (listener, participant, format) =>
            engine.command({ type: "listener.add", room, listener, participant, format }),
          removeListener: listener => engine.command({ type: "listener.remove", room, listener }),
          push: (...packet) => engine.push(room, ...packet),
          close() {
            engine.command({ type: "room.close", room });
            rooms.delete(room);
          },
        };
      },
      drain() {},
      counters: () => ({}),
    },
    lose(at) {
      clock = at;
      const told = [...rooms];
      rooms.clear();
      for (const [room, events] of told) {
        engine.command({ type: "room.close", room });
        events.lost(at);
      }
    },
    run(at) {
      clock = at;
      engine.run(at);
    },
  };
  return mixing;
}
