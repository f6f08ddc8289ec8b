/**
 * Plays clips to a telephone: they are encoded by the mixer's thread, as all that it hears.
 * @module
 */
import type { MixFormat } from "../../mix/mix-format.ts";
import type { MixHost, RoomMixer } from "../../mix/mix-host.ts";
import type { Clip } from "./clips.ts";
import type { FrameTaker } from "./phone-mix.ts";

/** A packet of a clip lasts so long (ms), which counts so much (RFC 7587 §4.1). */
const PACKET = 20;
const PACKET_UNITS = 960;
/** What was handed over has been heard after so long (ms). */
const REST = 250;
/** So many packets that are due at once (1 s) were held up: the rest goes on from now. */
const MOST_DUE = 50;
const INPUT = 1;
const PLAYER = 1;
const NOBODY = 0;
const LOUD = 0;

export interface Prompt {
  readonly playing: boolean;
  /** Plays a clip from now on, instead of any that plays. @param loops over and over, until something else is played */
  play(clip: Clip, format: MixFormat, loops: boolean, now: number): void;
  /** To be called every 20 ms or so. @returns whether the clip has just been played */
  tick(now: number): boolean;
  stop(): void;
}

export function createPrompt(mixing: MixHost, onFrame: FrameTaker): Prompt {
  let mixer: RoomMixer | undefined;
  let clip: Clip = [];
  let loops = false;
  let next = 0;
  let timestamp = 0;
  let sequence = 0;
  let startedAt = 0;

  function stop(): void {
    mixer?.close();
    mixer = undefined;
  }

  return {
    get playing() {
      return mixer !== undefined;
    },
    play(wanted, format, over, now) {
      stop();
      if (wanted.length === 0) return;
      mixer = mixing.open(
        {
          assigned() {},
          packet: (_stream, at, bytes, offset, length, now) => onFrame(at, bytes, offset, length, now),
          lost() {
            mixer = undefined;
          },
        },
        now,
      );
      if (mixer === undefined) return;
      mixer.addInput(INPUT, PLAYER);
      mixer.addListener(INPUT, NOBODY, format);
      clip = wanted;
      loops = over;
      next = 0;
      startedAt = now;
    },
    tick(now) {
      if (mixer === undefined) return false;
      if (startedAt + (next + MOST_DUE) * PACKET < now) startedAt = now - next * PACKET;
      for (; (loops || next < clip.length) && startedAt + next * PACKET <= now; next++) {
        const packet = clip[next % clip.length]!;
        sequence = (sequence + 1) & 0xffff;
        mixer.push(INPUT, "opus", sequence, timestamp, LOUD, packet, 0, packet.length, now);
        timestamp = (timestamp + PACKET_UNITS) >>> 0;
      }
      const isOver = !loops && next >= clip.length && now - startedAt > next * PACKET + REST;
      if (isOver) stop();
      return isOver;
    },
    stop,
  };
}
