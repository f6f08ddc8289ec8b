/**
 * Plays clips to a telephone: they are encoded by the mixer's thread, as all that it hears.
 * @module
 */
import { pcmBytes } from "../../codec/pcm.ts";
import type { MixFormat } from "../../mix/mix-format.ts";
import type { MixHost, RoomMixer } from "../../mix/mix-host.ts";
import { type ClipName, clipPcm } from "./clips.ts";
import type { FrameTaker } from "./phone-mix.ts";

/** A clip is handed over in pieces of so many ms, each counted as Opus counts. */
const PIECE = 10;
const PIECE_UNITS = 480;
/** What was handed over has been heard after so long (ms). */
const REST = 250;
const INPUT = 1;
const PLAYER = 1;
const NOBODY = 0;

export interface Prompt {
  readonly playing: boolean;
  /** Plays a clip from now on, instead of any that plays. */
  play(clip: ClipName, format: MixFormat, now: number): void;
  /** To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(): void;
}

export function createPrompt(mixing: MixHost, onFrame: FrameTaker): Prompt {
  let mixer: RoomMixer | undefined;
  let pcm = new Uint8Array(0);
  let piece = 0;
  let next = 0;
  let timestamp = 0;
  let sequence = 0;
  let startedAt = 0;
  let playing = false;

  function close(): void {
    mixer?.close();
    mixer = undefined;
    playing = false;
  }

  return {
    get playing() {
      return playing;
    },
    play(clip, format, now) {
      close();
      mixer = mixing.open(
        {
          assigned() {},
          packet: (_stream, at, bytes, offset, length, now) => onFrame(at, bytes, offset, length, now),
          lost: close,
        },
        now,
      );
      if (mixer === undefined) return;
      mixer.addInput(INPUT, PLAYER);
      mixer.addListener(INPUT, NOBODY, format);
      pcm = Uint8Array.from(clipPcm(clip, format.rate));
      piece = pcmBytes(format.rate, PIECE);
      next = 0;
      startedAt = now;
      playing = true;
    },
    tick(now) {
      if (mixer === undefined) return;
      for (; next < pcm.length && startedAt + (next / piece) * PIECE <= now; next += piece) {
        sequence = (sequence + 1) & 0xffff;
        const length = Math.min(piece, pcm.length - next);
        mixer.push(INPUT, "pcm", sequence, timestamp, 0, pcm, next, length, now);
        timestamp = (timestamp + PIECE_UNITS) >>> 0;
      }
      if (next >= pcm.length && now - startedAt > (next / piece) * PIECE + REST) close();
    },
    close,
  };
}
