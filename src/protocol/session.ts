/**
 * The session: one offer from the client, one answer from the media node, through the room.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { boundedText, SourceNumber } from "./names.ts";

const mid = v.pipe(v.string(), v.minLength(1), v.maxLength(64));
const mids = v.pipe(v.array(mid), v.maxLength(64));

/** Number of an assignment of a room to a node; grows within a life. */
export const Epoch = v.pipe(v.number(), v.integer(), v.minValue(1));

/**
 * What the m-lines of an offer are for. Without a plan (a bare page, WHIP, WHEP) the first audio and video line that send
 * are mic and camera, and every line that receives is a slot.
 */
export const SessionPlan = v.object({
  /** m-lines that send: mid → index of the source (0 mic, 1 camera, 2 screen, 3 screen-audio, 4-15 further ones). */
  sources: v.record(mid, v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(LIMITS.sources - 1))),
  /** Video slots, in order of seats. */
  video: mids,
  /** Audio slots; the one at index i carries whom video slot i shows. */
  paired: mids,
  /** Audio slots for the loudest of the others. */
  floating: mids,
});
export type SessionPlan = v.InferOutput<typeof SessionPlan>;

export const SessionOffer = v.object({
  sdp: boundedText(LIMITS.descriptionFrameBytes),
  plan: v.optional(SessionPlan),
  /** Without a plan: lines only send (`publish`) or only receive (`play`), even those that offer both. */
  role: v.optional(v.picklist(["publish", "play"])),
  /** The only sources that its slots may carry, by number. Counts in a session's first offer. */
  only: v.optional(v.pipe(v.array(SourceNumber), v.maxLength(LIMITS.sources))),
  /** One audio slot carries the room's mix, one video slot who speaks, nothing else anything. Counts in a session's first offer. */
  mix: v.optional(v.boolean()),
});
export type SessionOffer = v.InferOutput<typeof SessionOffer>;

export const SessionAnswer = v.object({ sdp: v.string() });
export type SessionAnswer = v.InferOutput<typeof SessionAnswer>;
