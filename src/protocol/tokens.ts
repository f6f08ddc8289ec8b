/**
 * Claims of the tokens (JWT, HS256 by API key or EdDSA; the header's `kid` names the key). Each kind has its own `aud`.
 * @module
 */
import * as v from "valibot";
import { Grants } from "./grants.ts";
import { LIMITS } from "./limits.ts";
import { boundedText, DisplayName, Identity, RoomId } from "./names.ts";

const time = v.pipe(v.number(), v.integer(), v.minValue(0));
const dated = { iat: time, exp: time };

export const Attributes = v.pipe(
  v.record(v.pipe(v.string(), v.minLength(1), v.maxLength(64)), boundedText(LIMITS.profileBytes)),
  v.check(all => Object.keys(all).length <= LIMITS.attributes, `at most ${LIMITS.attributes} attributes`),
);

const encoder = new TextEncoder();
const bytesOf = (text: string): number => encoder.encode(text).byteLength;

/** Whether metadata and attributes keep the bound that they share. */
export function profileFits(
  metadata: string | undefined,
  attributes: Readonly<Record<string, string>> | undefined,
): boolean {
  let bytes = bytesOf(metadata ?? "");
  for (const [key, value] of Object.entries(attributes ?? {})) bytes += bytesOf(key) + bytesOf(value);
  return bytes <= LIMITS.profileBytes;
}

/** A join token: who may enter which room, and do what there. Its `exp` counts on joining only. */
export const JoinClaims = v.object({
  ...dated,
  aud: v.literal("join"),
  /** Identity. */
  sub: Identity,
  room: RoomId,
  name: v.optional(DisplayName),
  metadata: v.optional(boundedText(LIMITS.profileBytes)),
  attributes: v.optional(Attributes),
  grants: Grants,
});
export type JoinClaims = v.InferOutput<typeof JoinClaims>;

/** An API token: a back end's right to the REST API. */
export const ApiClaims = v.object({ ...dated, aud: v.literal("api"), sub: v.optional(v.string()) });
export type ApiClaims = v.InferOutput<typeof ApiClaims>;

/** A media node's token; the subject is the node's id. */
export const NodeClaims = v.object({
  ...dated,
  aud: v.literal("node"),
  sub: v.pipe(v.string(), v.regex(/^[a-z0-9][a-z0-9-]{0,63}$/)),
});
export type NodeClaims = v.InferOutput<typeof NodeClaims>;
