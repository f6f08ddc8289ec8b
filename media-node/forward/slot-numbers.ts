import type { Layer } from "./layer.ts";
import { PACKET } from "./packet-ring.ts";
import { SentPackets } from "./sent-packets.ts";

/** Returned where a packet gets no number. */
export const NO_NUMBER = -1;

/** A pause counts as no longer than this (ms): a wrapping timestamp can't tell more. */
const MAX_PAUSE = 3_600_000;
/** Until a packet told its duration: 20 ms at 48 kHz. */
const DEFAULT_DURATION = 960;

/**
 * The numbers of one slot: sequence number, timestamp and descriptor run on whatever feeds it.
 *
 * - A new feed begins directly behind the last number; its timestamp is advanced by the time gone, for audio rounded
 *   down to whole packets, and by at least one. Rounded up it would open a gap that the receiver conceals.
 * - A packet lost inbound leaves exactly its own number and takes it if it comes late.
 * - What is older than the feed's first packet has no number.
 */
export class SlotNumbers {
  readonly sent: SentPackets;
  /** Extended number of the newest packet; the one before the first to begin with. */
  newest: number;
  /** Modulo 2^32, what turns the feed's timestamps into the slot's. */
  timestampOffset = 0;
  private readonly firstTimestamp: number;
  private begun = false;
  private feedNewest = 0;
  private numberFirst = 0;
  private distance = 0;
  private lastTimestamp = 0;
  private lastDescriptor = 0;
  private lastDuration = DEFAULT_DURATION;
  private lastTime = 0;

  constructor(size: number, firstNumber: number, firstTimestamp: number) {
    this.sent = new SentPackets(size);
    this.newest = firstNumber - 1;
    this.firstTimestamp = firstTimestamp;
  }

  /** A new feed begins with this packet. @returns its number. */
  begin(layer: Layer, place: number, now: number): number {
    const { ring, codec } = layer;
    this.retime(layer, place, now);
    this.distance = codec.distance(this.lastDescriptor, ring.descriptor[place]!);
    this.feedNewest = ring.index[place]!;
    this.numberFirst = ++this.newest;
    this.begun = true;
    return this.take(this.newest, layer, place, now);
  }

  /** The feed's timeline breaks at this packet: timestamps go on as if a new feed began, all other numbers as before. */
  retime(layer: Layer, place: number, now: number): void {
    const timestamp = this.begun ? this.lastTimestamp + this.advance(layer, now) : this.firstTimestamp;
    this.timestampOffset = (timestamp - layer.ring.timestamp[place]!) >>> 0;
  }

  /** The feed's next packet. @returns its number, or {@link NO_NUMBER}. */
  next(layer: Layer, place: number, now: number): number {
    const { ring } = layer;
    const index = ring.index[place]!;
    const step = index - this.feedNewest;
    if (step <= 0) return this.late(layer, place);
    for (let missing = 1; missing < step; missing++) {
      this.sent.reserve(++this.newest, layer.serial, this.feedNewest + missing);
    }
    this.feedNewest = index;
    // Padding has no number of its own here, unless it comes late and one was kept for it.
    if (ring.flags[place]! & PACKET.empty) return NO_NUMBER;
    return this.take(++this.newest, layer, place, now);
  }

  private take(number: number, layer: Layer, place: number, now: number): number {
    const { ring, codec } = layer;
    const timestamp = (ring.timestamp[place]! + this.timestampOffset) >>> 0;
    let descriptor = 0;
    if (codec.hasDescriptor) {
      descriptor = codec.shift(ring.descriptor[place]!, this.distance);
      this.lastDescriptor = descriptor;
    }
    this.sent.record(number, layer.serial, ring.index[place]!, timestamp, descriptor);
    this.lastTimestamp = timestamp;
    if (ring.duration[place]! > 0) this.lastDuration = ring.duration[place]!;
    this.lastTime = now;
    return number;
  }

  private late(layer: Layer, place: number): number {
    const { ring, codec } = layer;
    const { sent } = this;
    const index = ring.index[place]!;
    const oldest = Math.max(this.numberFirst, this.newest - sent.size + 1);
    let number = Math.max(oldest, this.newest - (this.feedNewest - index));
    while (number <= this.newest && sent.index(number) < index) number++;
    if (number > this.newest || sent.index(number) !== index || !sent.isReserved(number)) return NO_NUMBER;
    const descriptor = codec.hasDescriptor ? codec.shift(ring.descriptor[place]!, this.distance) : 0;
    const timestamp = (ring.timestamp[place]! + this.timestampOffset) >>> 0;
    sent.record(number, layer.serial, index, timestamp, descriptor);
    return number;
  }

  private advance(layer: Layer, now: number): number {
    const gone = Math.max(0, Math.min(MAX_PAUSE, now - this.lastTime));
    const units = (gone * layer.codec.clockRate) / 1000;
    if (layer.codec.media === "video") return Math.max(1, Math.round(units));
    return Math.max(1, Math.floor(units / this.lastDuration)) * this.lastDuration;
  }
}
