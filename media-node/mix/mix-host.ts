import type { Mixer } from "./mixer.ts";

/** What a room hears of its mixer. */
export interface MixEvents {
  /** A listener hears this stream from now on. Streams are known by numbers that are never used again. */
  assigned(listener: number, stream: number, now: number): void;
  /** A stream's next packet, and how loud it is (dB below full scale, RFC 6464). The bytes are valid during the call. */
  packet(
    stream: number,
    timestamp: number,
    bytes: Buffer,
    offset: number,
    length: number,
    now: number,
    level: number,
  ): void;
  /** The mixer is gone with all it was told: another must be opened. */
  lost(now: number): void;
}

/** A room's mixer, wherever it runs. */
export type RoomMixer = Pick<Mixer, "addInput" | "removeInput" | "push" | "addListener" | "removeListener" | "close">;

/** Where rooms get their mixers. */
export interface MixHost {
  /** @returns undefined while there can be none */
  open(events: MixEvents, now: number): RoomMixer | undefined;
  /** Hands over what mixers have for their rooms. */
  drain(now: number): void;
  /** What was counted. */
  counters(): Readonly<Record<string, number>>;
}

/** Where nothing is mixed: rooms give sources to everybody. */
export const NO_MIXING: MixHost = { open: () => undefined, drain: () => {}, counters: () => ({}) };
