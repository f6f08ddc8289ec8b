/**
 * RTMP in: a join token buys a stream key at the media node, for encoders that know nothing else.
 * @module
 */
import * as v from "valibot";
import { Timestamp } from "./model.ts";
import { ParticipantId } from "./names.ts";

/** The answer to `POST /v1/rtmp/:room`: what to type into an encoder. */
export const RtmpDoor = v.object({
  pid: ParticipantId,
  /** Of the media node that carries the room: the server's address, */
  url: v.string(),
  /** and the stream key, a secret. */
  key: v.string(),
  /** Whether its AAC is heard: the node has something that decodes it. */
  sound: v.boolean(),
  /** An encoder must come until then. One whose connection is lost may come back within a minute, as often as that happens. */
  expiresAt: Timestamp,
});
export type RtmpDoor = v.InferOutput<typeof RtmpDoor>;

/** What the media node answers. */
export const RtmpEntrance = v.object({
  url: v.pipe(v.string(), v.maxLength(512)),
  token: v.pipe(v.string(), v.maxLength(128)),
  sound: v.boolean(),
});
export type RtmpEntrance = v.InferOutput<typeof RtmpEntrance>;
