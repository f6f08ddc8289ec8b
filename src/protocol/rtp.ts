/**
 * Plain RTP and SRTP: what a room takes from a program that speaks nothing else, and what it sends to one.
 * @module
 */
import * as v from "valibot";
import { LIMITS } from "./limits.ts";
import { DisplayName, Identity, ParticipantId, SourceNumber } from "./names.ts";

/** An IPv4 or IPv6 address; the media node says whether it may be reached. */
const address = v.pipe(v.string(), v.ip("an IP address"));
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
/** 64 to 95 would be mistaken for RTCP (RFC 5761 §4). */
const payloadType = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(127),
  v.check(type => type < 64 || type > 95, "64 to 95 are RTCP's"),
);

/** Suite and key of SDES (RFC 4568): what travels is encrypted by it. */
export const SdesKey = v.object({
  suite: v.picklist(["AES_CM_128_HMAC_SHA1_80", "AEAD_AES_128_GCM"]),
  /** Master key and salt in base64, as `inline:` has them. */
  key: v.pipe(v.string(), v.maxLength(64), v.base64()),
});
export type SdesKey = v.InferOutput<typeof SdesKey>;
/** The same where a key may be left to us. */
export const WantedSdesKey = v.object({ suite: SdesKey.entries.suite, key: v.optional(SdesKey.entries.key) });

const audio = { codec: v.literal("opus"), payloadType };
const video = { codec: v.picklist(["vp8", "h264"]), payloadType };

/** What a room takes: it becomes a microphone and a camera. */
export const RtpReceive = v.object({
  audio: v.optional(v.object(audio)),
  video: v.optional(v.object(video)),
  /** The only address that is heard; left out: the first from which a stream comes. */
  from: v.optional(address),
  srtp: v.optional(SdesKey),
});
export type RtpReceive = v.InferOutput<typeof RtpReceive>;

/** What a room sends, and where. RTCP goes to the next port. */
export const RtpSend = v.object({
  address,
  audio: v.optional(v.object({ ...audio, port })),
  video: v.optional(v.object({ ...video, port })),
  /** The only sources that it may carry; left out: who speaks. */
  only: v.optional(v.pipe(v.array(SourceNumber), v.maxLength(LIMITS.sources))),
  /** Whether its sound is the room's mix. */
  mix: v.optional(v.boolean()),
  srtp: v.optional(SdesKey),
});
export type RtpSend = v.InferOutput<typeof RtpSend>;

/** One of the two. */
export const RtpLeg = v.object({ receive: v.optional(RtpReceive), send: v.optional(RtpSend) });
export type RtpLeg = v.InferOutput<typeof RtpLeg>;

const { audio: sentAudio, video: sentVideo } = RtpSend.entries;

/** `POST /v1/rooms/:room/rtp` */
export const CreateRtp = v.pipe(
  v.object({
    identity: Identity,
    name: v.optional(DisplayName),
    receive: v.optional(v.object({ ...RtpReceive.entries, srtp: v.optional(WantedSdesKey) })),
    send: v.optional(
      v.object({
        address,
        audio: sentAudio,
        video: sentVideo,
        /** `speaker` (default), `mix`, a source's number, or a participant's identity. */
        source: v.optional(v.pipe(v.string(), v.maxLength(128)), "speaker"),
        srtp: v.optional(WantedSdesKey),
      }),
    ),
  }),
  v.check(({ receive, send }) => (receive === undefined) !== (send === undefined), "either receive or send"),
  v.check(({ receive, send }) => {
    const { audio, video } = receive ?? send ?? {};
    return audio !== undefined || video !== undefined;
  }, "audio, video or both"),
);
export type CreateRtp = v.InferOutput<typeof CreateRtp>;

/** The answer: the participant that it is, and a description for the program at the other end. */
export const RtpCreated = v.object({ pid: ParticipantId, identity: Identity, sdp: v.string() });
export type RtpCreated = v.InferOutput<typeof RtpCreated>;
