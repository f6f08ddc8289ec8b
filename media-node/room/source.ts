import type { Codec, CodecName } from "../codec/codec.ts";
import type { LayerFeedback } from "../forward/feedback.ts";
import { createLayer, type Layer } from "../forward/layer.ts";
import type { RoundTrip } from "../forward/round-trip.ts";
import type { SourceClock } from "../forward/source-clock.ts";
import { LoudnessMeter } from "./loudness.ts";

/** What a source is for. */
export type SourceKind = "mic" | "camera" | "screen" | "screen-audio" | "mix" | "custom";

export const SOURCE_KINDS: readonly SourceKind[] = ["mic", "camera", "screen", "screen-audio", "mix", "custom"];

/** Source numbers per participant: participant number × 16 + index. */
export const SOURCES_PER_PARTICIPANT = 16;

/** All that another process needs to know of a source, as plain data. */
export interface SourceDescription {
  readonly number: number;
  readonly kind: SourceKind;
  readonly name?: string;
  readonly media: "audio" | "video";
  readonly codec: CodecName;
  readonly clockRate: number;
  /** RIDs, the lowest quality first; a single empty one where there is one encoding only. */
  readonly rids: readonly string[];
}

/** What a source is made of. */
export interface SourceOptions {
  readonly number: number;
  readonly kind: SourceKind;
  readonly name?: string;
  readonly codec: Codec;
  /** RIDs, the lowest quality first; default a single layer without one. */
  readonly rids?: readonly string[];
  /** Shared by all sources of a publishing session. */
  readonly clock: SourceClock;
  readonly roundTrip: RoundTrip;
  readonly feedback: LayerFeedback;
}

/** One published track: its layers and whether they may be heard and seen. Knows nobody who publishes or receives. */
export class Source {
  readonly number: number;
  /** Number of the participant that publishes it. */
  readonly participant: number;
  readonly kind: SourceKind;
  readonly name: string | undefined;
  readonly media: "audio" | "video";
  /** The lowest quality first. */
  readonly layers: readonly Layer[];
  /** Muted by its publisher, or by force. */
  muted = false;
  /** Whether its participant may publish this kind. */
  granted = true;
  /** How loud it is, for audio. */
  readonly loudness = new LoudnessMeter();

  constructor(options: SourceOptions) {
    const { number, codec, clock, roundTrip, feedback } = options;
    this.number = number;
    this.participant = Math.floor(number / SOURCES_PER_PARTICIPANT);
    this.kind = options.kind;
    this.name = options.name;
    this.media = codec.media;
    this.layers = (options.rids ?? [""]).map((rid, order) =>
      createLayer({ sourceNumber: number, order, rid, codec, clock, roundTrip, feedback }),
    );
  }

  /** The codec it comes in now. */
  get codec(): CodecName {
    return this.top.codec.name;
  }

  /** Whether its packets may go anywhere. */
  get open(): boolean {
    return this.granted && !this.muted;
  }

  /** When its newest packet came (ms), over all layers. */
  get lastArrival(): number {
    return Math.max(...this.layers.map(layer => layer.lastArrival));
  }

  describe(): SourceDescription {
    return {
      number: this.number,
      kind: this.kind,
      ...(this.name === undefined ? {} : { name: this.name }),
      media: this.media,
      codec: this.codec,
      clockRate: this.top.codec.clockRate,
      rids: this.layers.map(layer => layer.rid),
    };
  }

  /** Stops or lets through, as {@link muted} and {@link granted} now say. */
  applyGate(now: number): void {
    for (const layer of this.layers) layer.setOpen(this.open, now);
  }

  /** Asks for lost packets and key frames. To be called every 10 to 20 ms. */
  tick(now: number): void {
    for (const layer of this.layers) layer.tick(now);
  }

  /** Notes how loud it is now. To be called every 20 ms. */
  sampleLoudness(now: number): void {
    const { audioLevel, lastArrival } = this.top;
    if (this.open) this.loudness.sample(audioLevel, lastArrival, now);
    else this.loudness.silence();
  }

  close(): void {
    for (const layer of this.layers) layer.close();
  }

  private get top(): Layer {
    return this.layers[this.layers.length - 1]!;
  }
}

export function createSource(options: SourceOptions): Source {
  return new Source(options);
}
