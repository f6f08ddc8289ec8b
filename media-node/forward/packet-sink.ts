import type { Layer } from "./layer.ts";

/** What a layer hands its packets to. */
export interface PacketSink {
  /**
   * Decides about the packet at `place` of `layer.ring`: drops it or queues it. Called for each packet the layer
   * takes, in order of arrival; must not keep anything but numbers, and must not block.
   */
  decide(layer: Layer, place: number, now: number): void;
}
