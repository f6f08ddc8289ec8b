import { CODEC_ID, type CodecName } from "../codec/codec.ts";
import { CODEC_COUNT } from "../codec/codecs.ts";
import { extendSequence } from "../rtp/sequence.ts";
import type { Layer } from "./layer.ts";
import { PACKET } from "./packet-ring.ts";
import type { PacketSink } from "./packet-sink.ts";
import { ProtectedArchive } from "./protected-archive.ts";
import { SEND, type SendQueue } from "./send-queue.ts";
import type { SentPackets } from "./sent-packets.ts";
import { NO_NUMBER, SlotNumbers } from "./slot-numbers.ts";

/** Stands for a codec that the receiver lacks. */
export const NO_PAYLOAD_TYPE = 255;

/** Payload types negotiated for one codec of an m-line. */
export interface SlotFormat {
  readonly codec: CodecName;
  readonly payloadType: number;
  /** Of its RTX (RFC 4588); without, lost packets are sent again on the media SSRC. */
  readonly rtxPayloadType?: number;
}

/** Header extensions a receiver negotiated for a slot, ids 1-14. */
export interface SlotExtensions {
  readonly audioLevel?: number;
  readonly absoluteSendTime?: number;
  readonly transportNumber?: number;
}

/** What a slot is made of. */
export interface SlotOptions {
  /** Its place among the session's slots. */
  readonly id: number;
  readonly media: "audio" | "video";
  readonly ssrc: number;
  /** As in `a=ssrc-group:FID`; 0 where no RTX was negotiated. */
  readonly rtxSsrc: number;
  readonly formats: readonly SlotFormat[];
  readonly extensions: SlotExtensions;
  /** Random 15-bit starting points (RFC 3550 §5.1). */
  readonly firstSequence: number;
  readonly firstRtxSequence: number;
  readonly firstTimestamp: number;
}

const VIDEO_MEMORY = 1024;
const AUDIO_MEMORY = 128;
/** Layers whose packets may still be asked for after a switch. */
const PAST_LAYERS = 8;
const MIN_RESEND_INTERVAL = 10;

/**
 * One receiving m-line of a session: takes packets of whatever layer is selected and gives them the numbers of one
 * stream that never breaks (see {@link SlotNumbers}). Until a newly selected layer's key frame begins, the old one
 * goes on.
 */
export class Slot implements PacketSink {
  // What every packet touches stands first: it lies together in memory, and a receiver's turn comes with cold caches.
  readonly id: number;
  /** The layer that feeds the slot now. */
  feed: Layer | undefined;
  private generation = 0;
  private timeline = 0;
  readonly numbers: SlotNumbers;
  private readonly queue: SendQueue;
  readonly sent: SentPackets;
  readonly ssrc: number;
  readonly rtxSsrc: number;
  /** Answers of {@link payloadType}: a feed rarely changes its codec. */
  private lastCodec = -1;
  private lastPayloadType = NO_PAYLOAD_TYPE;
  /** Ids of the header extensions to write, 0 for none. */
  readonly levelId: number;
  readonly sendTimeId: number;
  readonly transportNumberId: number;
  /** Packets and payload bytes sent, without retransmissions: for sender reports. */
  packets = 0;
  octets = 0;
  /** What was sent, for a receiver without RTX that asks for packets again; made when it first does. */
  archive: ProtectedArchive | undefined;
  readonly media: "audio" | "video";
  /** Sequence number of the next RTX packet; counted where it is written, so that dropped ones leave no gap. */
  rtxSequence: number;
  /** A sender report must accompany what is queued: the timeline has a new beginning. */
  reportDue = false;
  /** The layer that should feed the slot. */
  selected: Layer | undefined;
  /** Called in the turn of a feed's first packet, before anything of it leaves. */
  onFeed: ((layer: Layer, now: number) => void) | undefined;
  private readonly payloadTypes = new Uint8Array(CODEC_COUNT).fill(NO_PAYLOAD_TYPE);
  private readonly rtxPayloadTypes = new Uint8Array(CODEC_COUNT).fill(NO_PAYLOAD_TYPE);
  private readonly past: Layer[] = [];

  constructor(options: SlotOptions, queue: SendQueue) {
    this.id = options.id;
    this.media = options.media;
    this.ssrc = options.ssrc;
    this.rtxSsrc = options.rtxSsrc;
    for (const format of options.formats) {
      const codec = CODEC_ID[format.codec];
      this.payloadTypes[codec] = format.payloadType;
      if (options.rtxSsrc !== 0) this.rtxPayloadTypes[codec] = format.rtxPayloadType ?? NO_PAYLOAD_TYPE;
    }
    this.levelId = options.extensions.audioLevel ?? 0;
    this.sendTimeId = options.extensions.absoluteSendTime ?? 0;
    this.transportNumberId = options.extensions.transportNumber ?? 0;
    const memory = options.media === "video" ? VIDEO_MEMORY : AUDIO_MEMORY;
    this.numbers = new SlotNumbers(memory, 0x1_0000 + options.firstSequence, options.firstTimestamp);
    this.sent = this.numbers.sent;
    this.rtxSequence = options.firstRtxSequence;
    this.queue = queue;
  }

  /** Whether packets flow: not while a key frame is awaited after an interruption. */
  get live(): boolean {
    return this.feed !== undefined && this.feed.generation === this.generation;
  }

  /** Whether the receiver negotiated a codec. */
  takes(codec: CodecName): boolean {
    return this.payloadType(CODEC_ID[codec]) !== NO_PAYLOAD_TYPE;
  }

  /** By codec id; {@link NO_PAYLOAD_TYPE} where the receiver lacks it. */
  payloadType(codec: number): number {
    if (codec !== this.lastCodec) {
      this.lastCodec = codec;
      this.lastPayloadType = this.payloadTypes[codec]!;
    }
    return this.lastPayloadType;
  }

  rtxPayloadType(codec: number): number {
    return this.rtxPayloadTypes[codec]!;
  }

  /** Feeds the slot from another layer as soon as that can be begun, or from none at once. */
  select(layer: Layer | undefined, now: number): void {
    const before = this.selected;
    if (layer === before) return;
    this.selected = layer;
    if (before !== undefined && before !== this.feed) before.removeSink(this);
    if (layer === undefined) this.stop();
    else if (layer !== this.feed) {
      layer.addSink(this);
      layer.requestKeyFrame(now);
    }
  }

  /** Stops what feeds the slot now, keeping what is selected. */
  stop(): void {
    const { feed } = this;
    if (feed === undefined) return;
    if (feed !== this.selected) feed.removeSink(this);
    this.remember(feed);
    this.feed = undefined;
  }

  decide(layer: Layer, place: number, now: number): void {
    if (layer !== this.feed || layer.timeline !== this.timeline) {
      if (layer !== this.feed || layer.generation !== this.generation) {
        if (this.mayBegin(layer, place, now)) this.begin(layer, place, now);
        return;
      }
      this.retime(layer, place, now);
    }
    this.forward(layer, place, now);
  }

  /** The receiver can't decode. */
  requestKeyFrame(now: number): void {
    this.feed?.requestKeyFrame(now);
  }

  /**
   * The receiver asks for a packet again. Repeats within a round trip are ignored. Without RTX only what was sent since
   * it first asked can be had.
   * @returns whether it will be sent.
   */
  resend(sequence: number, now: number, roundTrip: number): boolean {
    if (this.rtxSsrc === 0) this.archive ??= new ProtectedArchive(this.media);
    const { newest } = this.numbers;
    const number = extendSequence(sequence, newest);
    const { sent } = this;
    if (number > newest || number <= newest - sent.size) return false;
    if (!sent.resend(number, now, Math.max(MIN_RESEND_INTERVAL, roundTrip))) return false;
    this.queue.push(this.id, SEND.again, number, now);
    return true;
  }

  /** The layer a number's packet is kept in, as long as it is remembered. */
  layerOf(serial: number): Layer | undefined {
    if (this.feed?.serial === serial) return this.feed;
    for (const layer of this.past) if (layer.serial === serial) return layer;
    return undefined;
  }

  private forward(layer: Layer, place: number, now: number): void {
    const number = this.numbers.next(layer, place, now);
    if (number !== NO_NUMBER) this.queue.push(this.id, SEND.media, number, now);
  }

  /** The feed's timestamps don't follow from earlier ones. */
  private retime(layer: Layer, place: number, now: number): void {
    this.followTimeline(layer);
    this.numbers.retime(layer, place, now);
  }

  private followTimeline(layer: Layer): void {
    this.timeline = layer.timeline;
    this.reportDue = true;
    this.queue.reportDue = true;
  }

  private mayBegin(layer: Layer, place: number, now: number): boolean {
    if (layer !== this.feed && layer !== this.selected) return false;
    if (this.payloadType(layer.codec.id) === NO_PAYLOAD_TYPE) return false;
    if (layer.ring.flags[place]! & PACKET.start) return true;
    layer.requestKeyFrame(now);
    return false;
  }

  private begin(layer: Layer, place: number, now: number): void {
    if (layer !== this.feed) {
      this.stop();
      this.feed = layer;
    }
    this.generation = layer.generation;
    this.followTimeline(layer);
    this.onFeed?.(layer, now);
    this.queue.push(this.id, SEND.media, this.numbers.begin(layer, place, now), now);
    // A key frame whose first packet came late: what followed it is here already.
    const { ring } = layer;
    for (let index = ring.index[place]! + 1; index <= layer.highest; index++) {
      const following = ring.find(index);
      if (following >= 0) this.forward(layer, following, now);
    }
  }

  private remember(layer: Layer): void {
    const known = this.past.indexOf(layer);
    if (known >= 0) this.past.splice(known, 1);
    this.past.unshift(layer);
    if (this.past.length > PAST_LAYERS) this.past.pop();
  }
}
