/**
 * `tandem-media.v1`: what changes several times a second, between a session and its media node, over the negotiated data
 * channel 0. The edge hears nothing of it, so a room sleeps while its call runs.
 * @module
 */
import * as v from "valibot";
import { open } from "./names.ts";

const mid = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const number = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));

/** Why a slot shows no media although a source is meant for it. */
export const SLOT_STATES = [
  "empty",
  "live",
  "muted",
  "waiting",
  "unsupported-codec",
  "no-grant",
  "no-bandwidth",
] as const;
export type SlotState = (typeof SLOT_STATES)[number];

/** Node → client. */
export const NODE_MEDIA = {
  hello: v.object({ type: v.literal("hello"), features: v.array(v.string()) }),
  /** Which source each slot carries from now on: only slots that changed. Sent in the same turn as the first packet. */
  slots: v.object({
    type: v.literal("slots"),
    slots: v.array(
      v.object({
        mid,
        /** Source number, 0 for none. */
        source: number,
        state: open(SLOT_STATES),
      }),
    ),
  }),
  /** Numbers of those who speak now, loudest first. */
  speakers: v.object({ type: v.literal("speakers"), participants: v.array(number) }),
} as const;

/** Client → node. */
export const CLIENT_MEDIA = {
  hello: v.object({
    type: v.literal("hello"),
    features: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(32)),
  }),
  /**
   * What this client wants to see, best first; replaces the list before. Without a list (null) video slots follow the
   * active speakers.
   */
  wishes: v.object({
    type: v.literal("wishes"),
    videos: v.nullable(
      v.pipe(
        v.array(
          v.object({
            source: number,
            /** Wanted size in device pixels; 0 if it does not matter. */
            width: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8_192)), 0),
            height: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8_192)), 0),
            /** Higher first when bandwidth is short. */
            priority: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(255)), 100),
          }),
        ),
        v.maxLength(256),
      ),
    ),
  }),
  /**
   * How this client wants to hear the others: mixed into one audio slot (with one video slot, for who speaks), as sources of
   * their own, or (null, the default) as the room's topology has it. For a node that said `mix` among its features.
   */
  listen: v.object({ type: v.literal("listen"), to: v.nullable(v.picklist(["mix", "sources"])) }),
} as const;

export type NodeMediaMessage = {
  [K in keyof typeof NODE_MEDIA]: v.InferOutput<(typeof NODE_MEDIA)[K]>;
}[keyof typeof NODE_MEDIA];
export type ClientMediaMessage = {
  [K in keyof typeof CLIENT_MEDIA]: v.InferOutput<(typeof CLIENT_MEDIA)[K]>;
}[keyof typeof CLIENT_MEDIA];
/** The same as a client writes it. */
export type ClientMediaInput = {
  [K in keyof typeof CLIENT_MEDIA]: v.InferInput<(typeof CLIENT_MEDIA)[K]>;
}[keyof typeof CLIENT_MEDIA];
