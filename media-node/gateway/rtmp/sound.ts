/**
 * What an encoder lets hear: AAC in FLV's tags, decoded here where that is possible, encoded by the mixer's thread.
 * @module
 */
import type { AacDecoder, AacProvider } from "../../codec/aac.ts";
import { createSpeech, type SpeechOptions } from "../bot/speech.ts";
import { readAudioTag } from "./flv.ts";

/** Sound that waits so long (ms) is behind the picture, and left out. */
const MAX_WAITING = 400;

/** Another decoder is made once in so long (ms) at most; what comes before can't be read, and is left out. */
const SETTLED = 1_000;

export interface SoundOptions extends Pick<SpeechOptions, "mixing" | "participant" | "source"> {
  readonly aac: AacProvider;
  /** Why nothing is heard. Told once. */
  readonly onLost: (why: string) => void;
}

export interface Sound {
  push(bytes: Buffer, length: number, now: number): void;
  /** Plays what is due. To be called every 20 ms or so. */
  tick(now: number): void;
  /** Idempotent. */
  close(): void;
}

export function createSound({ aac, onLost, ...where }: SoundOptions): Sound {
  const speech = createSpeech({ ...where, rate: 48_000, onPlayed() {} });
  let decoder: AacDecoder | undefined;
  /** How the sound is encoded now, and whether the decoder doesn't know yet. */
  let config: Buffer | undefined;
  let isOther = false;
  let openedAt = Number.NEGATIVE_INFINITY;
  let clock = 0;
  let lost = false;

  function lose(why: string): void {
    if (lost) return;
    lost = true;
    decoder?.close();
    onLost(why);
  }

  /** Encoders may repeat how they encode. */
  function configure(next: Buffer): void {
    if (config?.equals(next)) return;
    config = Buffer.from(next);
    isOther = true;
  }

  function open(): void {
    if (config === undefined || !isOther || clock - openedAt < SETTLED) return;
    isOther = false;
    openedAt = clock;
    decoder?.close();
    decoder = aac.open({ config, onPcm: pcm => void speech.push(pcm, clock), onError: lose });
    if (decoder === undefined) lose("AAC of that kind can't be decoded: mono or stereo, AAC-LC or HE-AAC");
  }

  return {
    push(bytes, length, now) {
      clock = now;
      if (lost) return;
      const tag = readAudioTag(bytes, length);
      if (tag.kind === "foreign") lose(`sound is ${tag.codec}; set it to AAC`);
      else if (tag.kind === "configuration") configure(bytes.subarray(tag.offset, length));
      open();
      if (tag.kind === "frame" && !isOther && !lost) decoder?.decode(bytes.subarray(tag.offset, length));
    },
    tick(now) {
      clock = now;
      if (speech.waiting > MAX_WAITING) speech.clear();
      speech.tick(now);
    },
    close() {
      decoder?.close();
      speech.close();
    },
  };
}
