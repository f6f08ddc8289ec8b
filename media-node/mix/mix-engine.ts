/**
 * The mixers of many rooms by one clock. Sans-I/O.
 * @module
 */
import type { AudioCodecName } from "../codec/audio-codec.ts";
import type { OpusFactory } from "../codec/opus-audio.ts";
import type { PacketTaker } from "./mix-bus.ts";
import { MixClock } from "./mix-clock.ts";
import type { MixFormat } from "./mix-format.ts";
import { createMixer, type Mixer } from "./mixer.ts";

/** The most inputs of a room that are decoded: more voices at once nobody understands. */
export const MAX_VOICES = 5;

/** What a room's mixer is told. Packets go another way. */
export type MixCommand =
  | { readonly type: "room.open"; readonly room: number }
  | { readonly type: "room.close"; readonly room: number }
  | { readonly type: "input.add"; readonly room: number; readonly input: number; readonly participant: number }
  | { readonly type: "input.remove"; readonly room: number; readonly input: number }
  | {
      readonly type: "listener.add";
      readonly room: number;
      readonly listener: number;
      readonly participant: number;
      readonly format: MixFormat;
    }
  | { readonly type: "listener.remove"; readonly room: number; readonly listener: number };

export interface MixEngineOptions {
  readonly opus: OpusFactory;
  readonly now: number;
  readonly onAssign: (room: number, listener: number, stream: number) => void;
  readonly onPacket: (room: number, ...packet: Parameters<PacketTaker>) => void;
  /** There is time for so many voices a room. */
  readonly onVoices: (voices: number) => void;
}

export interface MixEngine {
  /** Frames since the beginning: mixed, begun late, left out. */
  readonly clock: Pick<MixClock, "frames" | "late" | "skipped">;
  command(command: MixCommand): void;
  /** Takes a packet of a room's input: see {@link Mixer.push}. */
  push(
    room: number,
    input: number,
    codec: AudioCodecName,
    sequence: number,
    timestamp: number,
    level: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: number,
  ): void;
  readonly rooms: number;
  /** When {@link run} has something to do (ms). */
  readonly due: number;
  /** Mixes the next frame if it is due; only one, so that the time it took is seen before the next. */
  run(now: number): void;
  close(): void;
}

export function createMixEngine(options: MixEngineOptions): MixEngine {
  const { opus, onAssign, onPacket, onVoices } = options;
  const rooms = new Map<number, Mixer>();
  const clock = new MixClock(MAX_VOICES, options.now);
  let room = 0;
  let idle = true;
  const take: PacketTaker = (stream, timestamp, level, bytes, length) =>
    onPacket(room, stream, timestamp, level, bytes, length);

  function close(number: number): void {
    rooms.get(number)?.close();
    rooms.delete(number);
    if (rooms.size === 0) idle = true;
  }

  return {
    clock,
    command(command) {
      const mixer = rooms.get(command.room);
      switch (command.type) {
        case "room.open":
          close(command.room);
          rooms.set(
            command.room,
            createMixer({
              opus,
              onAssign: (listener, stream) => onAssign(command.room, listener, stream),
            }),
          );
          return;
        case "room.close":
          close(command.room);
          return;
        case "input.add":
          mixer?.addInput(command.input, command.participant);
          return;
        case "input.remove":
          mixer?.removeInput(command.input);
          return;
        case "listener.add":
          mixer?.addListener(command.listener, command.participant, command.format);
          return;
        case "listener.remove":
          mixer?.removeListener(command.listener);
      }
    },
    push(to, input, codec, sequence, timestamp, level, bytes, offset, length, now) {
      rooms.get(to)?.push(input, codec, sequence, timestamp, level, bytes, offset, length, now);
    },
    get rooms() {
      return rooms.size;
    },
    get due() {
      return clock.due;
    },
    run(now) {
      const { voices } = clock;
      if (idle && rooms.size > 0) {
        idle = false;
        clock.resume(now);
      }
      if (!clock.next(now)) return;
      for (const [number, mixer] of rooms) {
        room = number;
        mixer.tick(clock.tick, clock.voices, take, now);
      }
      if (clock.voices !== voices) onVoices(clock.voices);
    },
    close() {
      for (const number of [...rooms.keys()]) close(number);
    },
  };
}
