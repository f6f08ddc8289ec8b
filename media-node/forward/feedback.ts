import type { Layer } from "./layer.ts";

/**
 * The way back from a layer to whoever publishes it: a session writes RTCP, a pipe carries it on.
 * Calls are already coalesced, throttled and repeated by the layer.
 */
export interface LayerFeedback {
  requestKeyFrame(layer: Layer, now: number): void;
  /** Asks for lost packets again: `count` ascending 16-bit sequence numbers, valid during the call. */
  requestPackets(layer: Layer, sequences: Uint16Array, count: number, now: number): void;
}

/** For sources that can't be asked. */
export const NO_FEEDBACK: LayerFeedback = { requestKeyFrame: () => {}, requestPackets: () => {} };
