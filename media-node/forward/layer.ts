import type { Codec } from "../codec/codec.ts";
import { NO_LEVEL } from "../rtp/header-extensions.ts";
import type { RtpHeader } from "../rtp/rtp-header.ts";
import { timestampDelta } from "../rtp/sequence.ts";
import { BitrateMeter } from "./bitrate-meter.ts";
import type { RingSize } from "./byte-ring.ts";
import type { LayerFeedback } from "./feedback.ts";
import { InboundNumbers } from "./inbound-numbers.ts";
import { InboundStats } from "./inbound-stats.ts";
import { LayerDemand } from "./layer-demand.ts";
import { PacketInspector } from "./packet-inspector.ts";
import { AUDIO_RING, PACKET, PacketRing, VIDEO_RING } from "./packet-ring.ts";
import type { PacketSink } from "./packet-sink.ts";
import type { RoundTrip } from "./round-trip.ts";
import { type SourceClock, StreamClock } from "./source-clock.ts";

/** A longer hole in the numbers is not loss but another stream: it isn't kept open for retransmissions. */
export const MAX_GAP = 500;
/** A timestamp this far ahead of the time gone (ms) is not a pause but another timeline. */
const MAX_LEAP = 3_000;
/** A layer silent for so long (ms) while others of its source flow has stopped. */
export const STALL = 700;

/** What a layer is made of. */
export interface LayerOptions {
  /** The source's number: written as CSRC. */
  readonly sourceNumber: number;
  /** Order among the source's layers, the lowest quality first. */
  readonly order: number;
  /** RTP stream id (RFC 8852), empty where the publisher has one encoding only. */
  readonly rid: string;
  readonly codec: Codec;
  /** Shared by everything this session publishes. */
  readonly clock: SourceClock;
  readonly roundTrip: RoundTrip;
  readonly feedback: LayerFeedback;
  readonly ring?: RingSize;
}

const EMPTY_RING = new PacketRing({ packets: 1, bytes: 4 });
const NO_SINKS: readonly PacketSink[] = [];
let lastSerial = 0;

/**
 * One encoding of a source, from its packets' arrival to the sinks. Numbers are extended and checked here, once for
 * all sinks; the payload is copied once into {@link ring}, and only while somebody listens.
 */
export class Layer {
  readonly sourceNumber: number;
  readonly order: number;
  readonly rid: string;
  /** Changes only by {@link useCodec}. */
  codec: Codec;
  /** Tells this layer from every other of the process. */
  readonly serial: number;
  readonly clock: StreamClock;
  readonly stats: InboundStats;
  /** SSRC of the stream that feeds it, -1 before the first packet. */
  ssrc = -1;
  ring: PacketRing = EMPTY_RING;
  /** Copy-on-write. */
  sinks: readonly PacketSink[] = NO_SINKS;
  /** Rises when decoders can't go on with what comes: they need a key frame. */
  generation = 0;
  /** Rises when timestamps don't follow from earlier ones, and with every {@link generation}. */
  timeline = 0;
  /** When the newest packet came (ms). */
  lastArrival = Number.NEGATIVE_INFINITY;
  /** When packets began to come, or came again after {@link STALL}. */
  flowingSince = Number.NEGATIVE_INFINITY;
  /** RFC 6464 level of the newest packet, -1 where it has none. */
  audioLevel = -1;
  private readonly meter = new BitrateMeter();
  private readonly ringSize: RingSize;
  private readonly demand: LayerDemand;
  private readonly inspector = new PacketInspector();
  private newestTimestamp = 0;
  private newestDescriptor = 0;
  /** Packets before this one came when nobody listened, or belong to an earlier timeline. */
  private deliverFrom = 0;
  private readonly numbers = new InboundNumbers();
  private open = true;
  private closed = false;

  constructor(options: LayerOptions) {
    this.sourceNumber = options.sourceNumber;
    this.order = options.order;
    this.rid = options.rid;
    this.codec = options.codec;
    this.serial = ++lastSerial;
    this.clock = new StreamClock(options.clock, options.codec.clockRate);
    this.stats = new InboundStats(options.codec.clockRate);
    this.ringSize = options.ring ?? (options.codec.media === "audio" ? AUDIO_RING : VIDEO_RING);
    this.demand = new LayerDemand(this, options.feedback, options.roundTrip);
  }

  /**
   * Takes a packet of this layer's stream, already authenticated and stripped of RTX or RED.
   * @param level byte of the audio level extension, or {@link NO_LEVEL}.
   * @param recovered whether it came as a retransmission.
   * @returns whether the packet made sense and was new.
   */
  receive(bytes: Buffer, header: RtpHeader, level: number, now: number, recovered: boolean): boolean {
    if (this.closed) return false;
    const { inspector, codec } = this;
    if (!inspector.inspect(codec, bytes, header, this.newestDescriptor)) return this.discard();
    const length = header.payloadLength;
    const first = this.highest < 0;
    const index = this.numbers.extend(header.sequence);
    if (index <= this.highest) return this.receiveLate(bytes, header, index, level, now, recovered);
    if (!recovered) this.stats.packet(index, header.timestamp, length, true, now);
    const timestamp = length === 0 && !first ? this.newestTimestamp : header.timestamp;
    const { wanted } = this;
    const gap = first ? 0 : index - this.highest - 1;
    if (first) this.deliverFrom = index;
    else if (gap >= MAX_GAP) this.breakStream(index, now);
    else {
      if (!this.follows(timestamp, now)) {
        this.breakTimeline(index);
        this.clock.restart();
      }
      if (gap > 0 && wanted) this.demand.lost(this.highest + 1, index - 1, now);
    }
    const startsFrame = !first && gap === 0 && timestamp !== this.newestTimestamp;
    const flags = inspector.flags(codec, header, startsFrame);
    this.numbers.highest = index;
    this.newestTimestamp = timestamp;
    this.newestDescriptor = inspector.info.descriptor;
    if (now - this.lastArrival > STALL) this.flowingSince = now;
    this.lastArrival = now;
    this.clock.packet(timestamp, now);
    if (level !== NO_LEVEL) this.audioLevel = level & 0x7f;
    if (flags & PACKET.start) this.keyFrameBegins(index);
    return !wanted || this.keep(bytes, header, index, timestamp, flags, level, now);
  }

  /** A packet behind the newest: reordered, retransmitted, or a second time. */
  private receiveLate(
    bytes: Buffer,
    header: RtpHeader,
    index: number,
    level: number,
    now: number,
    recovered: boolean,
  ): boolean {
    if (this.highest - index >= this.ringSize.packets) return this.receiveStray(bytes, header, level, now, recovered);
    this.demand.arrived(index, now, recovered);
    const length = header.payloadLength;
    if (!recovered) this.stats.packet(index, header.timestamp, length, false, now);
    if (!this.wanted) return true;
    if (index < this.deliverFrom) return this.discard();
    if (this.ring.find(index) >= 0) return false;
    const { ring } = this;
    const before = ring.previous(index, Math.max(this.deliverFrom, index - MAX_GAP));
    const after = ring.next(index, this.highest);
    const timestamp = length === 0 && before >= 0 ? ring.timestamp[before]! : header.timestamp;
    // Timestamps never fall in the order of numbers: one that doesn't lie between its neighbours' is a lie.
    if (before >= 0 && timestampDelta(timestamp, ring.timestamp[before]!) < 0) return this.discard();
    if (after >= 0 && timestampDelta(ring.timestamp[after]!, timestamp) < 0) return this.discard();
    const startsFrame = before >= 0 && ring.index[before] === index - 1 && ring.timestamp[before] !== timestamp;
    const flags = this.inspector.flags(this.codec, header, startsFrame);
    if (flags & PACKET.start) this.keyFrameBegins(index);
    return this.keep(bytes, header, index, timestamp, flags, level, now);
  }

  /** A packet too far behind to be late. */
  private receiveStray(bytes: Buffer, header: RtpHeader, level: number, now: number, recovered: boolean): boolean {
    if (recovered || !this.numbers.stray(header.sequence)) return this.discard();
    this.restartStream(now);
    return this.receive(bytes, header, level, now, false);
  }

  private keep(
    bytes: Buffer,
    header: RtpHeader,
    index: number,
    timestamp: number,
    flags: number,
    level: number,
    now: number,
  ): boolean {
    const { info } = this.inspector;
    const place = this.ring.put(index, this.codec, info, bytes, header, timestamp, flags, level);
    if (place < 0) return this.discard();
    const { sinks } = this;
    for (let i = 0; i < sinks.length; i++) sinks[i]!.decide(this, place, now);
    return true;
  }

  /** A publisher's sender report for this stream. NTP time in milliseconds since 1970 and in compact form. */
  senderReport(ntp: number, compactNtp: number, rtpTimestamp: number, now: number): void {
    this.clock.senderReport(ntp, rtpTimestamp, now);
    this.stats.senderReport(compactNtp, now);
  }

  /** A sink can't go on without a key frame. Coalesced, throttled, repeated by {@link tick} until one begins. */
  requestKeyFrame(now: number): void {
    if (this.closed || !this.open || !this.codec.needsKeyFrame) return;
    this.demand.requestKeyFrame(now);
  }

  /** Extended number of the newest packet, -1 before the first. */
  get highest(): number {
    return this.numbers.highest;
  }

  /** Bits per second that arrive. */
  get bitrate(): number {
    return this.meter.bitsPerSecond;
  }

  /** Asks for what is missing. To be called every 10 to 20 ms. */
  tick(now: number): void {
    this.meter.update(this.stats.octets, now);
    if (this.wanted) this.demand.tick(now);
  }

  addSink(sink: PacketSink): void {
    if (this.closed || this.sinks.includes(sink)) return;
    if (this.ring === EMPTY_RING) this.ring = new PacketRing(this.ringSize);
    if (this.sinks.length === 0) this.deliverFrom = this.highest + 1;
    this.sinks = [...this.sinks, sink];
  }

  removeSink(sink: PacketSink): void {
    this.sinks = this.sinks.filter(other => other !== sink);
    if (this.sinks.length === 0) this.demand.end();
  }

  /** The publisher goes on with another codec: what came before can't be sent again. */
  useCodec(codec: Codec, now: number): void {
    if (codec === this.codec) return;
    this.codec = codec;
    this.inspector.reset();
    if (this.ring !== EMPTY_RING) this.ring = new PacketRing(this.ringSize);
    this.breakStream(this.highest + 1, now);
  }

  /** Lets packets through, or counts and drops them (a mute). After that, decoders need a key frame. */
  setOpen(open: boolean, now: number): void {
    if (this.open === open) return;
    this.open = open;
    this.demand.end();
    if (open) this.breakStream(this.highest + 1, now);
  }

  /** Packets with this SSRC are the layer's from now on; one that changes is a new stream. */
  useSsrc(ssrc: number, now: number): void {
    if (ssrc === this.ssrc) return;
    this.ssrc = ssrc;
    this.restartStream(now);
  }

  /** Another stream takes this layer's place: its numbers start anew, above all earlier ones. */
  private restartStream(now: number): void {
    if (this.highest < 0) return;
    this.stats.restart();
    this.clock.restart();
    this.breakStream(this.numbers.restart(), now);
  }

  /** Takes no more packets and frees the ring; retransmissions of what it sent end. */
  close(): void {
    this.closed = true;
    this.sinks = NO_SINKS;
    this.ring = EMPTY_RING;
  }

  private breakStream(index: number, now: number): void {
    this.generation++;
    this.demand.forgetLosses();
    this.breakTimeline(index);
    if (this.sinks.length > 0) this.requestKeyFrame(now);
  }

  private breakTimeline(index: number): void {
    this.timeline++;
    this.deliverFrom = index;
  }

  /** Whether a timestamp may follow the newest: it doesn't fall, and leaps no further than time and delay allow. */
  private follows(timestamp: number, now: number): boolean {
    const step = timestampDelta(timestamp, this.newestTimestamp);
    return step >= 0 && step <= ((now - this.lastArrival + MAX_LEAP) * this.codec.clockRate) / 1000;
  }

  private keyFrameBegins(index: number): void {
    if (this.codec.needsKeyFrame) this.demand.keyFrameBegins(index);
  }

  private get wanted(): boolean {
    return this.open && this.sinks.length > 0;
  }

  private discard(): boolean {
    this.stats.discarded++;
    return false;
  }
}

export function createLayer(options: LayerOptions): Layer {
  return new Layer(options);
}
