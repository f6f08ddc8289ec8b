/**
 * Names and numbers that identify things.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";

const encoder = new TextEncoder();

/** UTF-8 length of `text` in bytes, encoded only where its length leaves the answer open. */
export function exceedsBytes(text: string, limit: number): boolean {
  if (text.length > limit) return true;
  if (text.length * 3 <= limit) return false;
  return encoder.encode(text).byteLength > limit;
}

/** Text of at most `limit` UTF-8 bytes. */
export const boundedText = (limit: number) =>
  v.pipe(
    v.string(),
    v.check(text => !exceedsBytes(text, limit), `at most ${limit} bytes`),
  );

/** An enum that grows: known values are typed, unknown ones pass (receivers ignore what they don't know). */
export type Open<T extends string> = T | (string & {});
/** Schema of an {@link Open} enum, for what the edge sends and clients receive. */
export const open = <T extends string>(_known: readonly T[]) =>
  v.pipe(
    v.string(),
    v.maxLength(64),
    v.transform(value => value as Open<T>),
  );

/** Name of a room within its jurisdiction. */
export const RoomName = v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/, "a-z, 0-9 and -, 1 to 64 long"));
export const JURISDICTIONS = ["eu", "us", "fedramp", "fedramp-high"] as const;
export const Jurisdiction = v.picklist(JURISDICTIONS);
export type Jurisdiction = v.InferOutput<typeof Jurisdiction>;
export const REGIONS = ["wnam", "enam", "sam", "weur", "eeur", "apac", "oc", "afr", "me"] as const;
export const Region = v.picklist(REGIONS);
export type Region = v.InferOutput<typeof Region>;

/** A room's id: `name`, or `jurisdiction.name`, since each jurisdiction is an id space of its own. */
export const RoomId = v.pipe(
  v.string(),
  v.regex(/^((eu|us|fedramp|fedramp-high)\.)?[a-z0-9][a-z0-9-]{0,63}$/, "a room id is name or jurisdiction.name"),
);

/** The parts of a room id that fits {@link RoomId}. */
export function splitRoomId(id: string): { jurisdiction: Jurisdiction | undefined; name: string } {
  const dot = id.indexOf(".");
  if (dot < 0) return { jurisdiction: undefined, name: id };
  return { jurisdiction: id.slice(0, dot) as Jurisdiction, name: id.slice(dot + 1) };
}

/** Who someone is to the application: stable across joins. */
export const Identity = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,128}$/, "1 to 128 printable ASCII characters"));
/** Shown name. */
export const DisplayName = v.pipe(v.string(), v.trim(), v.maxLength(LIMITS.nameChars));
/** Id of one fresh join in one life of a room; never reused. */
export const ParticipantId = v.pipe(v.string(), v.regex(/^p_[A-Za-z0-9_-]{8,32}$/));
/** Id of one life of a room: from its first join to its forgetting. */
export const LifeId = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,32}$/));

export const SOURCE_KINDS = ["mic", "camera", "screen", "screen-audio", "mix", "custom"] as const;
export const SourceKind = v.picklist(SOURCE_KINDS);
export type SourceKind = v.InferOutput<typeof SourceKind>;

/** The index a kind takes when it is free; further sources of a kind, `mix` and `custom` take 4 to 15. */
export const SOURCE_INDEX: Readonly<Partial<Record<SourceKind, number>>> = {
  mic: 0,
  camera: 1,
  screen: 2,
  "screen-audio": 3,
};

/** Source number: participant number × 16 + index. Fits a CSRC (32 bits). */
export const SourceNumber = v.pipe(v.number(), v.integer(), v.minValue(16), v.maxValue(0xffffffff));
/** Number that a room's audio mix has in slots and as CSRC: nobody's, since participants are numbered from 1. */
export const MIX_SOURCE = 4;
/** Number of the participant who holds the source. */
export const participantOf = (sourceNumber: number): number => Math.floor(sourceNumber / LIMITS.sources);
/** The source number of a participant's source. */
export const sourceNumber = (participant: number, index: number): number => participant * LIMITS.sources + index;
