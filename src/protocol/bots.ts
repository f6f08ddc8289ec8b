/**
 * Audio for programs: how a room gives a program its sound and takes sound back. A join token buys a door at the media node, and
 * behind that door `tandem-bot.v1` is spoken: PCM (16-bit samples, little-endian, mono) as binary messages, what is to be said
 * about it as JSON texts. Unknown types are ignored by both sides.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { Timestamp } from "./model.ts";
import { Identity, ParticipantId, SourceNumber } from "./names.ts";

/** Sample rates that a program may choose. */
export const BotRate = v.picklist([16_000, 48_000]);

/** `POST /v1/bots/:room` */
export const OpenBot = v.object({
  /**
   * What it hears: `mix` (everybody but itself), the number of a source, or the identity of a participant (all sound that it
   * publishes). Left out: nothing.
   */
  hear: v.optional(Identity),
  /** Whether it speaks: it then publishes a microphone. */
  speak: v.optional(v.boolean(), false),
  /** Samples a second, both ways. */
  rate: v.optional(BotRate, 48_000),
});
export type OpenBot = v.InferOutput<typeof OpenBot>;

/** The answer: a WebSocket that lets it in, once. */
export const BotDoor = v.object({
  pid: ParticipantId,
  /** Of the media node that carries the room. To be opened with the subprotocols `tandem-bot.v1` and `bearer.<token>`, */
  url: v.string(),
  /** good for one connection, */
  token: v.string(),
  /** which must be made until then. */
  expiresAt: Timestamp,
});
export type BotDoor = v.InferOutput<typeof BotDoor>;

/** The same, as the media node is told. */
export const BotAudio = v.object({
  hear: v.optional(v.union([v.literal("mix"), v.pipe(v.array(SourceNumber), v.maxLength(LIMITS.sources))])),
  speak: v.boolean(),
  rate: BotRate,
});
export type BotAudio = v.InferOutput<typeof BotAudio>;

/** And what it answers. */
export const BotEntrance = v.object({
  url: v.pipe(v.string(), v.maxLength(512)),
  token: v.pipe(v.string(), v.maxLength(128)),
});
export type BotEntrance = v.InferOutput<typeof BotEntrance>;

/** Node → program. */
export const BOT_EVENTS = {
  /** First. From now on 20 ms of sound come every 20 ms, silence too, if it hears anything. */
  ready: v.object({
    type: v.literal("ready"),
    pid: ParticipantId,
    rate: BotRate,
    /** Number of the source that it speaks as, 0 if it doesn't. */
    source: v.number(),
  }),
  /** Nobody hears it, or it is heard again: a moderator said so. What it says while muted is lost. */
  muted: v.object({ type: v.literal("muted"), muted: v.boolean() }),
  /** All that it had sent has been played. */
  played: v.object({ type: v.literal("played") }),
  /** It doesn't read as fast as sound comes: so much of it (ms) was left out. */
  dropped: v.object({ type: v.literal("dropped"), time: v.number() }),
} as const;

/** Program → node. */
export const BOT_COMMANDS = {
  /** Forget what was sent and hasn't been played, as when somebody interrupts. */
  clear: v.object({ type: v.literal("clear") }),
} as const;

export type BotEvent = {
  [K in keyof typeof BOT_EVENTS]: v.InferOutput<(typeof BOT_EVENTS)[K]>;
}[keyof typeof BOT_EVENTS];
export type BotCommand = {
  [K in keyof typeof BOT_COMMANDS]: v.InferOutput<(typeof BOT_COMMANDS)[K]>;
}[keyof typeof BOT_COMMANDS];
