import type { Codec } from "../codec/codec.ts";
import { CODECS } from "../codec/codecs.ts";
import type { RingSize } from "../forward/byte-ring.ts";
import type { LayerFeedback } from "../forward/feedback.ts";
import { createLayer, type Layer } from "../forward/layer.ts";
import { createRoundTrip } from "../forward/round-trip.ts";
import { SendQueue } from "../forward/send-queue.ts";
import { Slot, type SlotOptions } from "../forward/slot.ts";
import { SourceClock } from "../forward/source-clock.ts";
import { type Protector, type RunSink, Writer } from "../forward/writer.ts";
import { NO_LEVEL } from "../rtp/header-extensions.ts";
import { createRtpHeader, type RtpHeader, readRtp } from "../rtp/rtp-header.ts";
import { buildRtp, type RtpFields } from "./model-packets.ts";

/** What a layer asked of its publisher. */
export interface Asked {
  readonly keyFrames: number[];
  readonly packets: { readonly at: number; readonly sequences: number[] }[];
}

/** A layer that remembers what it asked for. */
export function createTestLayer(
  codec: Codec = CODECS.vp8,
  sourceNumber = 17,
  ring?: RingSize,
): { layer: Layer; asked: Asked } {
  const asked: Asked = { keyFrames: [], packets: [] };
  const feedback: LayerFeedback = {
    requestKeyFrame: (_layer, now) => asked.keyFrames.push(now),
    requestPackets: (_layer, sequences, count, at) => {
      asked.packets.push({ at, sequences: [...sequences.subarray(0, count)] });
    },
  };
  const roundTrip = createRoundTrip();
  const clock = new SourceClock();
  const size = ring === undefined ? {} : { ring };
  const layer = createLayer({ sourceNumber, order: 0, rid: "", codec, clock, roundTrip, feedback, ...size });
  return { layer, asked };
}

/** A packet for {@link feed}; `key` makes it the first of a VP8 key frame. */
export interface FeedFields extends Partial<RtpFields> {
  readonly key?: boolean;
  readonly pictureId?: number;
  readonly level?: number;
  readonly recovered?: boolean;
}

const header = createRtpHeader();

/** Hands a layer a packet; without a payload of its own, a VP8 one for video and a 20 ms Opus one for audio. */
export function feed(layer: Layer, now: number, fields: FeedFields = {}): boolean {
  const { key = false, pictureId = 1, level = NO_LEVEL, recovered = false } = fields;
  const vp8 = [0x90, 0xf0, 0x80 | (pictureId >> 8), pictureId & 0xff, pictureId & 0xff, 0x20, key ? 0 : 1, 7, 7];
  const payload = Buffer.from(layer.codec.media === "audio" ? [31 << 3, 1, 2, 3] : vp8);
  const packet = buildRtp({ payloadType: 96, sequence: 0, timestamp: 0, ssrc: 1, payload, ...fields });
  if (!readRtp(packet, 0, packet.length, header)) throw new Error("the test built a malformed packet");
  return layer.receive(packet, header, level, now, recovered);
}

/** A packet as a test slot sent it. */
export interface Captured extends RtpHeader {
  readonly bytes: Buffer;
  readonly payload: Buffer;
  readonly csrc: number;
}

/** A run as the net layer would get it. */
export interface CapturedRun {
  readonly path: number;
  readonly segmentSize: number;
  readonly totalLength: number;
}

/** A slot with its queue and writer, and what they send. */
export interface TestSlot {
  readonly slot: Slot;
  readonly writer: Writer;
  readonly runs: CapturedRun[];
  /** Sends what is queued. @returns it. */
  drain(now: number): Captured[];
}

const TAG = 16;

/** Makes a slot of VP8 with RTX, or of Opus. */
export function createTestSlot(media: "audio" | "video" = "video", options: Partial<SlotOptions> = {}): TestSlot {
  const slab = Buffer.alloc(200_000);
  const runs: CapturedRun[] = [];
  const sent: Captured[] = [];
  let used = 0;
  const sink: RunSink = {
    slab,
    reserve(bytes) {
      if (used + bytes > slab.length) used = 0;
      return used;
    },
    queueRun(path, offset, segmentSize, totalLength) {
      used = offset + totalLength;
      runs.push({ path, segmentSize, totalLength });
      for (let at = offset; at < offset + totalLength; at += segmentSize) {
        sent.push(capture(Buffer.from(slab.subarray(at, Math.min(at + segmentSize, offset + totalLength) - TAG))));
      }
    },
  };
  const protector: Protector = { rtpOverhead: TAG, protectRtp: (_buffer, _offset, head, body) => head + body + TAG };
  const writer = new Writer(protector, sink);
  writer.path = 3;
  const slots: Slot[] = [];
  const queue = new SendQueue(64, { queued() {}, drain: now => writer.drain(queue, slots, now) });
  const formats: SlotOptions["formats"] =
    media === "audio" ? [{ codec: "opus", payloadType: 111 }] : [{ codec: "vp8", payloadType: 96, rtxPayloadType: 97 }];
  const slot = new Slot(
    {
      id: 0,
      media,
      ssrc: 1_000,
      rtxSsrc: media === "video" ? 1_001 : 0,
      formats,
      extensions: {},
      firstSequence: 100,
      firstRtxSequence: 500,
      firstTimestamp: 10_000,
      ...options,
    },
    queue,
  );
  slots.push(slot);
  return {
    slot,
    writer,
    runs,
    drain(now) {
      writer.drain(queue, slots, now);
      return sent.splice(0);
    },
  };
}

function capture(bytes: Buffer): Captured {
  const read = createRtpHeader();
  if (!readRtp(bytes, 0, bytes.length, read)) throw new Error("malformed RTP was sent");
  const payload = bytes.subarray(read.payloadOffset, read.payloadOffset + read.payloadLength);
  return { ...read, bytes, payload, csrc: bytes.readUInt32BE(12) };
}
