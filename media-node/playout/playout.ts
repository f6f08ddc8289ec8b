/**
 * From packets as a network brings them to sound without holes: an adaptive jitter buffer, Sans-I/O.
 * @module
 */
import type { AudioCodecName, AudioDecoder, Channels, SampleRate } from "../codec/audio-codec.ts";
import { isStereoOpus } from "../codec/opus-audio.ts";
import { DelayMeter } from "./delay-meter.ts";
import { MAX_PAYLOAD, PacketStore } from "./packet-store.ts";
import { SoundQueue } from "./sound-queue.ts";
import { lengthen, shorten } from "./time-stretch.ts";
import { Timeline } from "./timeline.ts";

/** Length of a frame (ms). */
export const FRAME_TIME = 20;
/** Sound may wait so much longer (ms) than it must, or shorter, before it is stretched. */
const SLOW = 15;
const FAST = 5;
/** So far off (ms) it is stretched even where that is heard; this much too late, packets are left out. */
const URGENT = 60;
const LOST_CAUSE = 200;
/** For so long (ms) sound is made up while nothing comes. */
const MAX_CONCEALED = 120;
/** Media times closer than this (ms) are one. */
const SAME = 2;
/** Discontinuous transmission: an Opus packet no longer than this (bytes) says that silence follows (RFC 7587 §3.1.3). */
const DTX_LENGTH = 2;

/** What has happened to packets and sound since the beginning. */
export interface PlayoutCounters {
  packets: number;
  malformed: number;
  /** Came after their time, or a second time. */
  late: number;
  /** Made no sense to the decoder. */
  undecodable: number;
  /** Left out because all was far too late. */
  skipped: number;
  /** Times that sound was made up, and of those the ones for which a later packet was asked. */
  concealed: number;
  recovered: number;
  /** Pitch periods taken out and repeated. */
  shortened: number;
  lengthened: number;
}

export interface PlayoutOptions {
  readonly rate: SampleRate;
  /** Makes a decoder of a codec at {@link rate}, or undefined where there is none. */
  readonly createDecoder: (codec: AudioCodecName, channels: Channels) => AudioDecoder | undefined;
}

/** One source's sound. Times are milliseconds of one clock that never steps back. */
export class Playout {
  readonly counters: PlayoutCounters = {
    packets: 0,
    malformed: 0,
    late: 0,
    undecodable: 0,
    skipped: 0,
    concealed: 0,
    recovered: 0,
    shortened: 0,
    lengthened: 0,
  };
  private readonly options: PlayoutOptions;
  private readonly perMillisecond: number;
  private readonly timeline = new Timeline();
  private readonly meter = new DelayMeter();
  private readonly store = new PacketStore();
  private readonly queue: SoundQueue;
  private decoder: AudioDecoder | undefined;
  private codec: AudioCodecName | undefined;
  private playing = false;
  private closed = false;
  /** The packet that is due and the media time up to which everything was decoded. */
  private nextIndex = 0;
  private position = 0;
  /** Length (ms) of the packet decoded last. */
  private packetTime = FRAME_TIME;
  /** Sound (ms) made up behind {@link position} because nothing had come. */
  private ahead = 0;
  private silent = false;

  constructor(options: PlayoutOptions) {
    this.options = options;
    this.perMillisecond = options.rate / 1000;
    this.queue = new SoundQueue(options.rate);
  }

  /** Channels of the sound that {@link pull} gives: two as soon as the source has been stereo. */
  get channels(): Channels {
    return this.queue.channels;
  }

  /** How long (ms) sound waits here at least, by what the network is like. */
  get target(): number {
    return this.meter.target;
  }

  /** Takes a packet: its number, timestamp and payload. Nothing is kept of `bytes`. */
  push(
    codec: AudioCodecName,
    sequence: number,
    timestamp: number,
    bytes: Uint8Array,
    offset: number,
    length: number,
    now: number,
  ): void {
    if (this.closed) return;
    if (length < 1 || length > MAX_PAYLOAD) {
      this.counters.malformed++;
      return;
    }
    this.counters.packets++;
    const { timeline } = this;
    timeline.place(codec, sequence, timestamp, now);
    this.meter.packet(timeline.media, now);
    if (timeline.index < this.nextIndex || this.store.has(timeline.index)) this.counters.late++;
    else this.store.put(timeline.index, codec, timeline.media, bytes, offset, length);
  }

  /**
   * Gives the next 20 ms at `out[at]`, {@link channels} interleaved. To be called every 20 ms.
   * @returns false when there is nothing to be heard; then nothing is written.
   */
  pull(out: Float32Array, at: number, now: number): boolean {
    const frame = FRAME_TIME * this.perMillisecond;
    if (this.playing || this.begin(now)) {
      while (this.queue.samples < frame && this.playing) this.fill(now);
    }
    if (this.queue.samples === 0) return false;
    this.queue.take(frame, out, at);
    return true;
  }

  /** Nobody listens now: what has come is let go. */
  skip(): void {
    this.nextIndex = this.timeline.highest + 1;
    this.queue.samples = 0;
    this.playing = false;
  }

  /** Idempotent. */
  close(): void {
    this.closed = true;
    this.skip();
    this.decoder?.close();
    this.decoder = undefined;
  }

  /** Sound begins once its first packet has waited as long as packets must. */
  private begin(now: number): boolean {
    const index = this.store.next(this.nextIndex, this.timeline.highest);
    if (index < 0) return false;
    const media = this.store.media[this.store.place(index)]!;
    if (this.meter.age(media, now) < this.meter.target) return false;
    this.nextIndex = index;
    this.position = media;
    this.ahead = 0;
    this.playing = true;
    return true;
  }

  /** Brings more sound into the queue, or notices that there is none. */
  private fill(now: number): void {
    const { store } = this;
    let index = store.next(this.nextIndex, this.timeline.highest);
    if (index < 0) {
      this.bridge();
      return;
    }
    if (this.meter.age(store.media[store.place(index)]!, now) > this.meter.target + LOST_CAUSE)
      index = this.hurry(index, now);
    const place = store.place(index);
    const missing = store.media[place]! - this.position - this.ahead;
    // As long as a late packet kept us waiting, so long is what was made up meanwhile.
    if (missing > SAME && index === this.nextIndex) this.pause(missing);
    else if (missing > SAME) this.restore(missing, place);
    else this.decode(index, place, now);
  }

  /** Nothing has come: it may be late, or the source has stopped. */
  private bridge(): void {
    if (this.silent || this.ahead >= MAX_CONCEALED) this.playing = false;
    else {
      this.conceal(FRAME_TIME);
      this.ahead += FRAME_TIME;
    }
  }

  /** Far too much has waited: goes on with what comes in time. @returns its number */
  private hurry(first: number, now: number): number {
    const { store, meter, timeline } = this;
    let index = first;
    for (;;) {
      const next = store.next(index + 1, timeline.highest);
      if (next < 0 || meter.age(store.media[store.place(index)]!, now) <= meter.target) break;
      this.counters.skipped++;
      index = next;
    }
    this.nextIndex = index;
    this.position = store.media[store.place(index)]!;
    this.ahead = 0;
    return index;
  }

  /** The source said nothing for a while. */
  private pause(missing: number): void {
    const time = Math.min(missing, FRAME_TIME);
    this.queue.silence(Math.round(time * this.perMillisecond));
    this.position += time;
  }

  /** Packets got lost before the one at `place`. */
  private restore(missing: number, place: number): void {
    const time = Math.min(missing, this.packetTime, MAX_CONCEALED);
    const { store, queue, decoder } = this;
    if (missing <= this.packetTime + SAME && store.codec[place] === this.codec && decoder !== undefined) {
      const samples = Math.round(time * this.perMillisecond);
      const offset = place * MAX_PAYLOAD;
      queue.samples += decoder.recover(store.bytes, offset, store.length[place]!, samples, queue.pcm, queue.end);
      this.counters.recovered++;
      this.counters.concealed++;
    } else this.conceal(time);
    this.position += time;
  }

  private decode(index: number, place: number, now: number): void {
    const { store, queue } = this;
    const media = store.media[place]!;
    const length = store.length[place]!;
    const offset = place * MAX_PAYLOAD;
    this.nextIndex = index + 1;
    this.position = media;
    this.ahead = 0;
    this.silent = store.codec[place] === "opus" && length <= DTX_LENGTH;
    this.useDecoder(store.codec[place]!, isStereoOpus(store.bytes, offset, length));
    const samples = this.decoder?.decode(store.bytes, offset, length, queue.pcm, queue.end) ?? -1;
    if (samples < 0) {
      this.counters.undecodable++;
      this.conceal(this.packetTime);
      this.position += this.packetTime;
      return;
    }
    this.packetTime = samples / this.perMillisecond;
    this.position += this.packetTime;
    queue.samples += this.stretch(samples, this.meter.age(media, now) - this.meter.target);
  }

  /** @param excess ms that sound waits longer than it must. @returns samples of the decoded packet then. */
  private stretch(samples: number, excess: number): number {
    const { queue, counters } = this;
    const { rate } = this.options;
    let left = samples;
    if (excess > SLOW) {
      left = shorten(queue.pcm, queue.end, samples, queue.channels, rate, excess > URGENT);
      if (left !== samples) counters.shortened++;
    } else if (excess < -FAST) {
      left = lengthen(queue.pcm, queue.end, samples, queue.channels, rate, excess < -URGENT);
      if (left !== samples) counters.lengthened++;
    }
    return left;
  }

  private conceal(time: number): void {
    const { queue, decoder } = this;
    const samples = Math.round(time * this.perMillisecond);
    this.counters.concealed++;
    if (decoder === undefined) queue.silence(samples);
    else queue.samples += decoder.conceal(samples, queue.pcm, queue.end);
  }

  /** Decodes by this codec from now on, in stereo once the source has been. */
  private useDecoder(codec: AudioCodecName, stereo: boolean): void {
    if (codec === "opus" && stereo) this.queue.widen();
    const { channels } = this.queue;
    if (codec === this.codec && this.decoder?.channels === channels) return;
    this.decoder?.close();
    this.codec = codec;
    this.decoder = this.options.createDecoder(codec, channels);
  }
}

export function createPlayout(options: PlayoutOptions): Playout {
  return new Playout(options);
}
