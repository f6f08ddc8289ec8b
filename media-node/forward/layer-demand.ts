import type { LayerFeedback } from "./feedback.ts";
import { KeyFrameRequester } from "./key-frame-requester.ts";
import type { Layer } from "./layer.ts";
import { NackGenerator } from "./nack-generator.ts";
import type { RoundTrip } from "./round-trip.ts";

/** A publisher is asked for at most this many packets at a time. */
const NACK_BATCH = 128;
const batch = new Uint16Array(NACK_BATCH);

/** What a layer's sinks need of its publisher: lost packets, key frames. */
export class LayerDemand {
  private readonly layer: Layer;
  private readonly feedback: LayerFeedback;
  private readonly nacks: NackGenerator;
  private readonly keyFrames: KeyFrameRequester;

  constructor(layer: Layer, feedback: LayerFeedback, roundTrip: RoundTrip) {
    this.layer = layer;
    this.feedback = feedback;
    this.nacks = new NackGenerator(roundTrip);
    this.keyFrames = new KeyFrameRequester(roundTrip);
  }

  requestKeyFrame(now: number): void {
    if (this.keyFrames.want(now)) this.feedback.requestKeyFrame(this.layer, now);
  }

  /** A key frame begins with this number: what is missing before it is of no use any more. */
  keyFrameBegins(index: number): void {
    this.keyFrames.settle();
    this.nacks.giveUpBefore(index);
  }

  /** The numbers `from` to `to` didn't come. */
  lost(from: number, to: number, now: number): void {
    this.nacks.lost(from, to, now);
  }

  arrived(index: number, now: number, recovered: boolean): void {
    this.nacks.arrived(index, now, recovered);
  }

  /** Nothing of what was missing is wanted any more. */
  forgetLosses(): void {
    this.nacks.clear();
  }

  /** Nobody wants anything. */
  end(): void {
    this.nacks.clear();
    this.keyFrames.settle();
  }

  tick(now: number): void {
    const lost = this.nacks.collect(now, batch);
    if (lost > 0) this.feedback.requestPackets(this.layer, batch, lost, now);
    if (this.keyFrames.due(now)) this.feedback.requestKeyFrame(this.layer, now);
  }
}
