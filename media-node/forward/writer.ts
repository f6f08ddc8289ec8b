import { NO_LEVEL, toAbsoluteSendTime } from "../rtp/header-extensions.ts";
import type { Layer } from "./layer.ts";
import { PACKET } from "./packet-ring.ts";
import { SEND, type SendQueue } from "./send-queue.ts";
import { NO_PAYLOAD_TYPE, type Slot } from "./slot.ts";

/** Encrypts what leaves a session (implemented by `srtp/`). */
export interface Protector {
  /** Bytes that must be free behind a packet. */
  readonly rtpOverhead: number;
  /**
   * Protects the RTP packet at `offset` in place; numbers of one SSRC may come out of order.
   * @returns the length of the whole packet; 0 or less when it must not be sent.
   */
  protectRtp(buffer: Buffer, offset: number, headerLength: number, payloadLength: number): number;
}

/** Takes runs: packets of one size to one path, side by side (implemented by `net/`). */
export interface RunSink {
  /** Where packets are written; may be another buffer after {@link RunSink.reserve}. */
  readonly slab: Buffer;
  /** @returns the offset of at least `bytes` free bytes, which reach to the end of the slab. */
  reserve(bytes: number): number;
  /**
   * Takes `totalLength` bytes at `offset`: packets of `segmentSize` bytes, of which the last may be shorter. `offset`
   * is the place reserved last, or the end of the run taken last: what lies behind a run stays untouched until the
   * next {@link RunSink.reserve}.
   */
  queueRun(path: number, offset: number, segmentSize: number, totalLength: number): void;
}

/** What `UDP_SEGMENT` takes at most. */
const MAX_SEGMENTS = 64;
const MAX_RUN = 65_000;
/** Fixed header, one CSRC, extensions of at most 16 bytes, original sequence number. */
const MAX_OVERHEAD = 12 + 4 + 16 + 2;

/**
 * Turns a session's queue into protected packets: copies each payload from its ring, puts a header before it, stamps
 * what belongs to departure, and lays packets of one size side by side. What its ring has overwritten is dropped.
 */
export class Writer {
  /** Integer the net layer knows the receiver's address by; -1 while there is none: packets are dropped. */
  path = -1;
  /** Packets that were queued but gone when they should have left, or could not be protected. */
  dropped = 0;
  /** Packets and bytes handed to the net layer, retransmissions included. */
  packets = 0;
  bytes = 0;
  /** Retransmissions among them. */
  resent = 0;
  /** When the last packet left (ms). */
  lastSent = Number.NEGATIVE_INFINITY;
  private readonly protector: Protector;
  private readonly runs: RunSink;
  private transportNumber = 0;
  /** Of what is being drained, as its header extension has it. */
  private sendTime = 0;
  private runStart = 0;
  private runEnd = 0;
  private segment = 0;
  private segments = 0;

  constructor(protector: Protector, runs: RunSink) {
    this.protector = protector;
    this.runs = runs;
  }

  /** Writes everything queued and empties the queue. */
  drain(queue: SendQueue, slots: readonly Slot[], now: number): void {
    const { length } = queue;
    const before = this.packets;
    this.sendTime = toAbsoluteSendTime(now);
    if (this.path >= 0) {
      for (let i = 0; i < length; i++) this.write(slots[queue.slot(i)]!, queue.kind(i), queue.number(i));
      this.endRun();
    } else this.dropped += length;
    if (this.packets !== before) this.lastSent = now;
    queue.length = 0;
  }

  private write(slot: Slot, kind: number, number: number): void {
    const rtx = kind === SEND.again;
    if (rtx && slot.rtxSsrc === 0) {
      this.repeat(slot, number);
      return;
    }
    const { sent } = slot;
    const layer = slot.layerOf(sent.layer(number));
    const place = layer === undefined ? -1 : layer.ring.find(sent.index(number));
    if (layer === undefined || place < 0 || number <= slot.numbers.newest - sent.size) {
      this.dropped++;
      return;
    }
    const { ring, codec } = layer;
    const payloadType = rtx ? slot.rtxPayloadType(codec.id) : slot.payloadType(codec.id);
    if (payloadType === NO_PAYLOAD_TYPE) {
      this.dropped++;
      return;
    }
    const size = ring.length[place]!;
    this.makeRoom(size + MAX_OVERHEAD + this.protector.rtpOverhead);
    const { slab } = this.runs;
    const start = this.runEnd;
    const header = this.writeHeader(slab, start, slot, layer, place, number, payloadType, rtx);
    let payload = start + header;
    if (rtx) {
      slab[payload] = (number & 0xffff) >> 8;
      slab[payload + 1] = number;
      payload += 2;
    }
    if (size > 0) {
      const from = ring.offset[place]!;
      ring.bytes.copy(slab, payload, from, from + size);
      if (codec.hasDescriptor) codec.rewrite(slab, payload, sent.descriptor(number));
    }
    const length = this.protector.protectRtp(slab, start, header, payload + size - start - header);
    if (length <= 0) {
      this.dropped++;
      return;
    }
    this.append(length);
    if (rtx) this.resent++;
    else {
      slot.packets++;
      slot.octets += size;
      slot.archive?.put(number, slab, start, length);
    }
  }

  /** Sends a packet again as it was. */
  private repeat(slot: Slot, number: number): void {
    const { archive } = slot;
    const place = archive?.find(number) ?? -1;
    if (archive === undefined || place < 0) {
      this.dropped++;
      return;
    }
    const length = archive.length[place]!;
    const from = archive.offset[place]!;
    this.makeRoom(length);
    archive.bytes.copy(this.runs.slab, this.runEnd, from, from + length);
    this.append(length);
    this.resent++;
  }

  /** @returns the header's length. */
  private writeHeader(
    slab: Buffer,
    start: number,
    slot: Slot,
    layer: Layer,
    place: number,
    number: number,
    payloadType: number,
    rtx: boolean,
  ): number {
    const { ring } = layer;
    const timestamp = slot.sent.timestamp(number);
    const marker = (ring.flags[place]! & PACKET.marker) << 6;
    const sequence = rtx ? slot.rtxSequence : number;
    const ssrc = rtx ? slot.rtxSsrc : slot.ssrc;
    if (rtx) slot.rtxSequence = (slot.rtxSequence + 1) & 0xffff;
    const csrc = layer.sourceNumber;
    slab[start + 1] = marker | payloadType;
    slab[start + 2] = sequence >> 8;
    slab[start + 3] = sequence;
    slab[start + 4] = timestamp >>> 24;
    slab[start + 5] = timestamp >>> 16;
    slab[start + 6] = timestamp >>> 8;
    slab[start + 7] = timestamp;
    slab[start + 8] = ssrc >>> 24;
    slab[start + 9] = ssrc >>> 16;
    slab[start + 10] = ssrc >>> 8;
    slab[start + 11] = ssrc;
    slab[start + 12] = csrc >>> 24;
    slab[start + 13] = csrc >>> 16;
    slab[start + 14] = csrc >>> 8;
    slab[start + 15] = csrc;
    const end = this.writeExtensions(slab, start + 20, slot, ring.level[place]!);
    slab[start] = end === 0 ? 0x81 : 0x91;
    return end === 0 ? 16 : end - start;
  }

  /** One-byte form (RFC 8285 §4.2), behind the four bytes of its own header. @returns where it ends, 0 for none. */
  private writeExtensions(slab: Buffer, start: number, slot: Slot, level: number): number {
    let at = start;
    if (slot.levelId !== 0 && level !== NO_LEVEL) {
      slab[at] = slot.levelId << 4;
      slab[at + 1] = level;
      at += 2;
    }
    if (slot.sendTimeId !== 0) {
      const { sendTime } = this;
      slab[at] = (slot.sendTimeId << 4) | 2;
      slab[at + 1] = sendTime >> 16;
      slab[at + 2] = sendTime >> 8;
      slab[at + 3] = sendTime;
      at += 4;
    }
    if (slot.transportNumberId !== 0) {
      const transport = this.transportNumber;
      this.transportNumber = (transport + 1) & 0xffff;
      slab[at] = (slot.transportNumberId << 4) | 1;
      slab[at + 1] = transport >> 8;
      slab[at + 2] = transport;
      at += 3;
    }
    if (at === start) return 0;
    while ((at - start) & 3) slab[at++] = 0;
    slab[start - 4] = 0xbe;
    slab[start - 3] = 0xde;
    slab[start - 2] = 0;
    slab[start - 1] = (at - start) >> 2;
    return at;
  }

  private makeRoom(bytes: number): void {
    if (this.segments > 0 && this.runEnd + bytes <= this.runs.slab.length) return;
    this.endRun();
    this.runStart = this.runs.reserve(bytes);
    this.runEnd = this.runStart;
  }

  /** Adds the packet just written behind the run; one that is longer begins the next, where it lies. */
  private append(length: number): void {
    this.packets++;
    this.bytes += length;
    if (this.segments > 0 && (length > this.segment || this.runEnd + length - this.runStart > MAX_RUN)) this.endRun();
    if (this.segments === 0) this.segment = length;
    this.runEnd += length;
    this.segments++;
    if (length < this.segment || this.segments === MAX_SEGMENTS) this.endRun();
  }

  private endRun(): void {
    if (this.segments === 0) return;
    this.runs.queueRun(this.path, this.runStart, this.segment, this.runEnd - this.runStart);
    this.runStart = this.runEnd;
    this.segments = 0;
  }
}
