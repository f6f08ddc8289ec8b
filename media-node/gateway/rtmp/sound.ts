/**
 * What an encoder lets hear: AAC in FLV's tags, decoded here where that is possible, encoded by the mixer's thread.
 * @module
 */
import type { AacDecoder, AacProvider } from "../../codec/aac.ts";
import { createSpeech, type SpeechOptions } from "../bot/speech.ts";
import { readAudioTag } from "./flv.ts";

/** Sound that waits so long (ms) is behind the picture, and left out. */
const MAX_WAITING = 400;

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
  let clock = 0;
  let lost = false;

  function lose(why: string): void {
    if (lost) return;
    lost = true;
    decoder?.close();
    onLost(why);
  }

  function open(config: Buffer): void {
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
      else if (tag.kind === "configuration") open(bytes.subarray(tag.offset, length));
      else if (tag.kind === "frame") decoder?.decode(bytes.subarray(tag.offset, length));
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
