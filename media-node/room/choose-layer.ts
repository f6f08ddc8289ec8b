import { type Layer, STALL } from "../forward/layer.ts";
import type { Source } from "./source.ts";

/** A layer must have flowed for so long (ms) before a sink leaves a lower one for it. */
const STEADY = 300;

/**
 * Picks the layer a sink should get of a source.
 * @param current the layer of this source it gets now, if any.
 * @returns undefined while none of several layers flows yet.
 */
export type LayerChooser = (source: Source, current: Layer | undefined, now: number) => Layer | undefined;

/** The highest layer that flows. One has stopped when others of the source went on without it for {@link STALL}. */
export const chooseHighestLayer: LayerChooser = (source, current, now) => {
  const { layers } = source;
  if (layers.length === 1) return layers[0];
  const newest = source.lastArrival;
  if (newest === Number.NEGATIVE_INFINITY) return undefined;
  for (let order = layers.length - 1; order >= 0; order--) {
    const layer = layers[order]!;
    if (layer === current && flows(layer, newest)) return layer;
    const steady = current === undefined || !flows(current, newest) || now - layer.flowingSince >= STEADY;
    if (flows(layer, newest) && steady) return layer;
  }
  return current;
};

function flows(layer: Layer, newest: number): boolean {
  return newest - layer.lastArrival < STALL;
}
