/**
 * What a token lets its bearer do. Absent means not granted.
 * @module
 */
import * as v from "valibot";
import { SOURCE_KINDS, SourceKind } from "./names.ts";

export const Grants = v.object({
  /** Make the room if it is missing. */
  create: v.optional(v.boolean()),
  /** Kinds of sources it may publish. */
  publish: v.optional(v.pipe(v.array(SourceKind), v.maxLength(SOURCE_KINDS.length))),
  /** Kinds of sources it may receive. */
  subscribe: v.optional(v.pipe(v.array(SourceKind), v.maxLength(SOURCE_KINDS.length))),
  /** Read and write the room's chat. */
  chat: v.optional(v.boolean()),
  /** Send app messages to others. */
  data: v.optional(v.boolean()),
  /** Change its own name, metadata and attributes. */
  profile: v.optional(v.boolean()),
  /** Mute sources, remove participants, change the room's metadata. */
  moderate: v.optional(v.boolean()),
  /** Call telephones into the room, press keys there, hold them and hang them up. */
  dial: v.optional(v.boolean()),
  /** Be invisible to those who don't moderate. */
  hidden: v.optional(v.boolean()),
});
export type Grants = v.InferOutput<typeof Grants>;

/** What an ordinary member of a call needs: everything but `create`, `moderate`, `dial` and `hidden`. */
export const MEMBER_GRANTS: Grants = {
  publish: [...SOURCE_KINDS],
  subscribe: [...SOURCE_KINDS],
  chat: true,
  data: true,
  profile: true,
};

/** {@link MEMBER_GRANTS} plus moderation and making the room. */
export const HOST_GRANTS: Grants = { ...MEMBER_GRANTS, create: true, moderate: true };

/** Whether the holder may take part in a mesh, where nobody can enforce less: publish and subscribe every kind, and data. */
export const maySpeakDirectly = (grants: Grants): boolean =>
  grants.data === true &&
  grants.hidden !== true &&
  SOURCE_KINDS.every(kind => grants.publish?.includes(kind) && grants.subscribe?.includes(kind));
